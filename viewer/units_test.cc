#include "viewer/units.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace fdtrace {
namespace {

TEST(Units, GroupThousands) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(999), "999");
  EXPECT_EQ(WithThousands(1000), "1,000");
  EXPECT_EQ(WithThousands(18204), "18,204");
  EXPECT_EQ(WithThousands(std::numeric_limits<uint64_t>::max()), "18,446,744,073,709,551,615");
}

TEST(Units, CountInTheRightNumber) {
  EXPECT_EQ(Counted(0, "site"), "0 sites");
  EXPECT_EQ(Counted(1, "site"), "1 site");
  EXPECT_EQ(Counted(1200, "site"), "1,200 sites");
}

TEST(Units, ShowDurationsInTheUnitThatFits) {
  EXPECT_EQ(HumanDuration(0), "0 ns");
  EXPECT_EQ(HumanDuration(999), "999 ns");
  EXPECT_EQ(HumanDuration(8'540), "8.5 µs");
  EXPECT_EQ(HumanDuration(850'000), "850 µs");
  EXPECT_EQ(HumanDuration(850'000'000), "850 ms");
  EXPECT_EQ(HumanDuration(12'400'000'000), "12.4 s");
  EXPECT_EQ(HumanDuration(190'000'000'000), "3 min 10 s");
  EXPECT_EQ(HumanDuration(7'500'000'000'000), "2 h 5 min");
  EXPECT_EQ(HumanDuration(273'600'000'000'000), "3 d 4 h");
}

TEST(Units, RoundBeforeTheyChooseTheUnit) {
  EXPECT_EQ(HumanDuration(999'400), "999 µs");
  EXPECT_EQ(HumanDuration(999'500), "1.0 ms");
  EXPECT_EQ(HumanDuration(9'949'999), "9.9 ms");
  EXPECT_EQ(HumanDuration(9'950'000), "10 ms");
  EXPECT_EQ(HumanDuration(999'500'000), "1.0 s");
  EXPECT_EQ(HumanDuration(59'950'000'000), "1 min 0 s");
  EXPECT_EQ(HumanDuration(3'599'500'000'000), "1 h 0 min");
}

TEST(Units, ShowNoNegativeDuration) { EXPECT_EQ(HumanDuration(-5), "0 ns"); }

TEST(HumanBytes, PicksTheUnitAfterRounding) {
  constexpr int64_t kKi = 1024;
  EXPECT_EQ(HumanBytes(-1), "0 B");
  EXPECT_EQ(HumanBytes(512), "512 B");
  EXPECT_EQ(HumanBytes(1023), "1,023 B");
  EXPECT_EQ(HumanBytes(4 * kKi), "4 KiB");
  EXPECT_EQ(HumanBytes(320 * kKi), "320 KiB");
  EXPECT_EQ(HumanBytes(1024 * kKi - 1), "1.0 MiB");
  EXPECT_EQ(HumanBytes(28 * kKi * kKi), "28 MiB");
  EXPECT_EQ(HumanBytes(6'553'600), "6.3 MiB");
  EXPECT_EQ(HumanBytes(8 * kKi * kKi - 1), "8.0 MiB");
  EXPECT_EQ(HumanBytes(10 * kKi * kKi - 1), "10 MiB");
  EXPECT_EQ(HumanBytes(kKi * kKi * kKi), "1 GiB");
  EXPECT_EQ(HumanBytes(1025 * kKi * kKi * kKi * kKi), "1.0 PiB");
  EXPECT_EQ(HumanBytes(std::numeric_limits<int64_t>::max()), "8,192 PiB");
}

}  // namespace
}  // namespace fdtrace
