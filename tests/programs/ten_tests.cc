// Ten tests, two of which leave descriptors open: three and one.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace {

__attribute__((noinline)) int OpenConfig() { return open("/etc/passwd", O_RDONLY | O_CLOEXEC); }

TEST(Parser, ReadsConfig) {
  for (int i = 0; i < 3; ++i) EXPECT_GE(OpenConfig(), 0);
}

TEST(Parser, ClosesWhatItReads) {
  const int fd = OpenConfig();
  EXPECT_EQ(close(fd), 0);
}

TEST(Parser, OpensNothing) {}

class Connections : public testing::TestWithParam<int> {};

TEST_P(Connections, AreClosed) {
  for (int i = 0; i < GetParam(); ++i) close(OpenConfig());
}

INSTANTIATE_TEST_SUITE_P(Some, Connections, testing::Range(0, 6));

TEST(Server, KeepsItsLog) { EXPECT_GE(open("/dev/null", O_WRONLY | O_CLOEXEC), 0); }

}  // namespace
