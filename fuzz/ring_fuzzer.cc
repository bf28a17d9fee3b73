// Any bytes in a ring, and a head that goes anywhere: records stay within their bounds, and each reading ends.
#include <cstdlib>
#include <cstring>

#include "collector/ring_reader.h"
#include "fuzz/input.h"

namespace fdtrace {
namespace {

struct Ring {
  RingHeader header = {};
  unsigned char data[kRingBytes] = {};
};

void Drain(Ring& ring, RingReader& reader) {
  if (!reader.Look(ring.header)) return;
  RingReader::Scratch scratch;
  uint64_t bytes = 0;
  for (auto record = reader.Next(ring.data, scratch); !record.empty(); record = reader.Next(ring.data, scratch)) {
    if (record.size() > kMaxEventBytes) abort();
    bytes += record.size();
  }
  if (bytes > kRingBytes || !reader.at_end()) abort();
  reader.Release(ring.header);
  if (ring.header.tail.load() != ring.header.head.load()) abort();
}

void Write(Input& input, Ring& ring) {
  const uint64_t head = ring.header.head.load();
  const std::string bytes = input.TakeText();
  for (size_t i = 0; i < bytes.size(); ++i) ring.data[(head + i) % kRingBytes] = static_cast<unsigned char>(bytes[i]);
  ring.header.head.store(head + bytes.size());
}

void Step(Input& input, Ring& ring, RingReader& reader) {
  switch (input.Take<uint8_t>() % 4) {
    case 0:
      return Write(input, ring);
    case 1:
      return ring.header.head.store(input.Take<uint64_t>());
    case 2:
      ring.header.head.fetch_add(input.Take<uint16_t>());
      return;
    default:
      return Drain(ring, reader);
  }
}

}  // namespace
}  // namespace fdtrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  static fdtrace::Ring ring;
  ring.header.head.store(0);
  std::memset(ring.data, 1, sizeof ring.data);
  fdtrace::RingReader reader;
  fdtrace::Input input(data, bytes);
  while (!input.empty()) fdtrace::Step(input, ring, reader);
  fdtrace::Drain(ring, reader);
  return 0;
}
