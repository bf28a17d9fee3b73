#include "interposer/readable_memory.h"

#include <sys/mman.h>

#include <memory>

#include "gtest/gtest.h"
#include "interposer/memory.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

class ReadableMemoryTest : public testing::Test {
 protected:
  ReadableMemoryTest() : page_(reinterpret_cast<uintptr_t>(AllocatePages(kPageBytes))) {}
  void Unmap() { FreePages(reinterpret_cast<void*>(page_), kPageBytes); }

  const std::unique_ptr<ReadableMemory> memory_ = std::make_unique<ReadableMemory>();  // all zero, as in shared memory
  const uintptr_t page_;
};

TEST_F(ReadableMemoryTest, ReadsWhatIsThereAndNothingElse) {
  *reinterpret_cast<uint64_t*>(page_ + 8) = 7;
  EXPECT_EQ(memory_->Read<uint64_t>(page_ + 8), 7u);
  EXPECT_FALSE(memory_->Covers(0, 1));
  EXPECT_FALSE(memory_->Covers(UINTPTR_MAX - 4, 8));
  mprotect(reinterpret_cast<void*>(page_), kPageBytes, PROT_NONE);
  EXPECT_FALSE(std::make_unique<ReadableMemory>()->Covers(page_, 1));
  Unmap();
}

TEST_F(ReadableMemoryTest, AsksOnceMoreOnANewWay) {
  for (int way = 0; way < 5'000; ++way) {  // more than it counts
    ReadableMemory::NewWay new_way(*memory_);
    new_way.Begin();
    ASSERT_TRUE(memory_->Covers(page_, 8)) << way;
  }
  Unmap();
  EXPECT_TRUE(memory_->Covers(page_, 8));  // as it was said to be
  {
    ReadableMemory::NewWay new_way(*memory_);
    EXPECT_TRUE(memory_->Covers(page_, 8));  // it has not begun
    new_way.Begin();
    EXPECT_FALSE(memory_->Covers(page_, 8));
  }
}

}  // namespace
}  // namespace fdtrace
