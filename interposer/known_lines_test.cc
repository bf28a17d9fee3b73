#include "interposer/known_lines.h"

#include <memory>

#include "gtest/gtest.h"
#include "interposer/hash.h"

namespace fdtrace {
namespace {

class KnownLinesTest : public testing::Test {
 protected:
  static uint64_t Key(uint64_t number) { return HashWord(number, 1); }

  const std::unique_ptr<KnownLines> lines_ = std::make_unique<KnownLines>();
};

TEST_F(KnownLinesTest, FindsWhatWasKeptAlone) {
  lines_->Keep(Key(1), 10);
  lines_->Keep(Key(2), 0);  // of no line
  lines_->Keep(Key(3), (1 << 20) - 1);
  lines_->Keep(Key(4), 1 << 20);  // more than an entry holds
  EXPECT_EQ(lines_->Find(Key(1)), 10u);
  EXPECT_EQ(lines_->Find(Key(2)), 0u);
  EXPECT_EQ(lines_->Find(Key(3)), (1u << 20) - 1);
  EXPECT_EQ(lines_->Find(Key(4)), std::nullopt);
  EXPECT_EQ(lines_->Find(Key(5)), std::nullopt);
}

TEST_F(KnownLinesTest, ForgetsBeforeItMistakes) {
  constexpr uint32_t kMany = 100'000;
  for (uint32_t i = 0; i < kMany; ++i) lines_->Keep(Key(i), i);
  uint32_t known = 0;
  for (uint32_t i = 0; i < kMany; ++i) {
    const auto line = lines_->Find(Key(i));
    if (line) ++known;
    EXPECT_EQ(line.value_or(i), i);
  }
  EXPECT_GT(known, 1'000u);
  for (uint32_t i = kMany; i < 2 * kMany; ++i) EXPECT_EQ(lines_->Find(Key(i)), std::nullopt) << i;
}

}  // namespace
}  // namespace fdtrace
