#include "collector/site.h"

#include <algorithm>
#include <bit>

namespace fdtrace {
namespace {

// [2^i, 2^(i+1)) microseconds, the first from 0.
size_t BinOf(uint64_t opened_ns, uint64_t closed_ns) {
  const uint64_t lived_us = closed_ns > opened_ns ? (closed_ns - opened_ns) / 1000 : 0;
  return lived_us == 0 ? 0 : static_cast<size_t>(std::bit_width(lived_us)) - 1;
}

}  // namespace

void Site::Operation(uint64_t at_ns) {
  last_active_ns_ = std::max(last_active_ns_, at_ns);
  peak_ = std::max(peak_, open_now_);
  shape_.Add(open_now_, at_ns);
}

void Site::Opened(uint64_t at_ns) {
  ++opened_;
  ++open_now_;
  first_opened_ns_ = std::min(first_opened_ns_, at_ns);
  last_opened_ns_ = std::max(last_opened_ns_, at_ns);
  Operation(at_ns);
}

void Site::CountClose(uint64_t opened_ns, uint64_t at_ns, uint32_t closer) {
  ++closers_[closer];
  const size_t bin = BinOf(opened_ns, at_ns);
  if (bin >= lived_.size()) lived_.resize(bin + 1);
  ++lived_[bin];
}

void Site::Closed(uint64_t opened_ns, uint64_t at_ns, uint32_t closer) {
  CountClose(opened_ns, at_ns, closer);
  ++closed_;
  --open_now_;
  Operation(at_ns);
}

void Site::ClosedUnseen(uint64_t noticed_ns) {
  ++closed_;
  ++closed_unseen_;
  --open_now_;
  Operation(noticed_ns);
}

void Site::UnseenTold(uint64_t opened_ns, uint64_t at_ns, uint32_t closer) {
  CountClose(opened_ns, at_ns, closer);
  --closed_unseen_;
}

void Site::Left(uint64_t count) { open_now_ -= static_cast<uint32_t>(count); }

void Site::ProcessEnded(uint64_t at_ns) { ended_ns_ = std::max(ended_ns_, at_ns); }

void Site::Absorb(Site& other) {
  opened_ += other.opened_;
  closed_ += other.closed_;
  closed_unseen_ += other.closed_unseen_;
  first_opened_ns_ = std::min(first_opened_ns_, other.first_opened_ns_);
  last_opened_ns_ = std::max(last_opened_ns_, other.last_opened_ns_);
  last_active_ns_ = std::max(last_active_ns_, other.last_active_ns_);
  ended_ns_ = std::max(ended_ns_, other.ended_ns_);
  for (const auto& [closer, count] : other.closers_) closers_[closer] += count;
  if (lived_.size() < other.lived_.size()) lived_.resize(other.lived_.size());
  for (size_t bin = 0; bin < other.lived_.size(); ++bin) lived_[bin] += other.lived_[bin];
  if (made == RESOURCE_UNKNOWN) made = other.made;
  if (resource == RESOURCE_UNKNOWN) resource = other.resource;
  // Which operations of the two went together is not known: the other's count as made now.
  open_now_ += other.open_now_;
  peak_ = std::max({peak_, other.peak_, open_now_});
  if (shape_.operations() == 0) {
    shape_ = other.shape_;
  } else {
    shape_.Add(open_now_, last_active_ns_, other.shape_.operations());
  }
  other = Site();
}

TraceSite Site::ToTrace() const {
  TraceSite trace;
  trace.set_resource(resource);
  trace.set_opened(opened_);
  trace.set_closed(closed_);
  trace.set_closed_unseen(closed_unseen_);
  trace.set_still_open(still_open());
  trace.set_peak_open(peak_);
  trace.set_first_opened_ns(opened_ == 0 ? 0 : first_opened_ns_);
  trace.set_last_opened_ns(last_opened_ns_);
  trace.set_last_active_ns(last_active_ns_);
  trace.set_ended_ns(ended_ns_);
  *trace.mutable_shape() = shape_.ToTrace();
  trace.mutable_lifetimes()->Add(lived_.begin(), lived_.end());
  return trace;
}

}  // namespace fdtrace
