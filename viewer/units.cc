// Rounds once, to the unit that is shown, and picks the unit after rounding: 59.96 s is "1 min 0 s".
#include "viewer/units.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fdtrace {
namespace {

constexpr int64_t kMicrosecond = 1'000;
constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kSecond = 1'000'000'000;

int64_t Rounded(int64_t value, int64_t unit) { return value / unit + (value % unit >= unit - unit / 2 ? 1 : 0); }

// "8.5 µs", "850 µs"; below a thousand of the unit.
std::string Small(int64_t duration_ns, int64_t unit_ns, absl::string_view unit) {
  const int64_t tenths = Rounded(duration_ns, unit_ns / 10);
  if (tenths < 100) return absl::StrFormat("%d.%d %s", tenths / 10, tenths % 10, unit);
  return absl::StrCat(Rounded(duration_ns, unit_ns), " ", unit);
}

}  // namespace

std::string WithThousands(uint64_t number) {
  std::string digits = absl::StrCat(number);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string Counted(uint64_t number, absl::string_view noun) {
  return absl::StrCat(WithThousands(number), " ", noun, number == 1 ? "" : "s");
}

std::string HumanDuration(int64_t duration_ns) {
  duration_ns = std::max<int64_t>(duration_ns, 0);
  if (duration_ns < kMicrosecond) return absl::StrCat(duration_ns, " ns");
  if (Rounded(duration_ns, kMicrosecond) < 1000) return Small(duration_ns, kMicrosecond, "µs");
  if (Rounded(duration_ns, kMillisecond) < 1000) return Small(duration_ns, kMillisecond, "ms");
  const int64_t tenths = Rounded(duration_ns, kSecond / 10);
  if (tenths < 600) return absl::StrFormat("%d.%d s", tenths / 10, tenths % 10);
  const int64_t seconds = Rounded(duration_ns, kSecond);
  if (seconds < 3600) return absl::StrCat(seconds / 60, " min ", seconds % 60, " s");
  const int64_t minutes = Rounded(duration_ns, 60 * kSecond);
  if (minutes < int64_t{24} * 60) return absl::StrCat(minutes / 60, " h ", minutes % 60, " min");
  const int64_t hours = Rounded(duration_ns, 3600 * kSecond);
  return absl::StrCat(hours / 24, " d ", hours % 24, " h");
}

std::string HumanBytes(int64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  bytes = std::max<int64_t>(bytes, 0);
  size_t at = 0;
  int64_t unit = 1;
  while (at + 1 < std::size(kUnits) && Rounded(bytes, unit) >= 1024) {
    unit *= 1024;
    ++at;
  }
  // Below ten, the first digit behind the point matters, unless there is nothing behind it.
  const int64_t tenths = bytes / unit * 10 + Rounded(bytes % unit * 10, unit);
  if (bytes % unit == 0 || tenths >= 100) return absl::StrCat(WithThousands(Rounded(bytes, unit)), " ", kUnits[at]);
  return absl::StrFormat("%d.%d %s", tenths / 10, tenths % 10, kUnits[at]);
}

std::string NameOfUnnamed(bool never_had_one) {
  return never_had_one ? "a file that never had a name" : "a file whose name is not known";
}

}  // namespace fdtrace
