// For tests: files and directories of their own.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace fdtrace {

class TestDirectory {
 public:
  explicit TestDirectory(const char* below = "/tmp") {
    std::string name = std::string(below) + "/files_test.XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TestDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A new file of BYTES bytes that are not zero.
inline int MakeFile(const std::string& path, size_t bytes = 0) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  EXPECT_GE(fd, 0) << path;
  const std::string content(bytes, 'x');
  EXPECT_EQ(write(fd, content.data(), bytes), static_cast<ssize_t>(bytes));
  return fd;
}

inline int MakeUnlinkedFile(const std::string& path, size_t bytes = 0) {
  const int fd = MakeFile(path, bytes);
  EXPECT_EQ(unlink(path.c_str()), 0);
  return fd;
}

inline void* MapFile(int fd, size_t bytes) {
  void* const address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  EXPECT_NE(address, MAP_FAILED);
  return address;
}

}  // namespace fdtrace
