// Of the fixture, as if a package had installed it.
#include "viewer/early_symbols.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "viewer/fixture/symbolized.h"

namespace fdtrace {
namespace {

using ::testing::SizeIs;

struct Code {
  explicit Code(void* return_address) {
    Dl_info info;
    link_map* map = nullptr;
    if (dladdr1(return_address, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0) return;
    address = reinterpret_cast<uint64_t>(return_address) - map->l_addr;
    path = info.dli_fname;
  }
  std::string path;
  uint64_t address = 0;
};

const std::string kBuildId = "\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xab\xac\xad\xae\xaf\xb0\xb1\xb2\xb3";

// How many of the process's mappings are of the file: what has been read is mapped.
int MappingsOf(const std::string& path) {
  int count = 0;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) count += line.ends_with(path);
  return count;
}

bool WaitForMappings(const std::string& path, int more_than) {
  for (int i = 0; i < 1000; ++i) {
    if (MappingsOf(path) > more_than) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

TEST(EarlySymbols, AreThoseThatAreReadInTheEnd) {
  const Code code(fixture::Outer(1));
  EarlySymbols early({"/"});
  const int mapped = MappingsOf(code.path);
  early.Want(code.path, kBuildId, code.address);
  ASSERT_TRUE(WaitForMappings(code.path, mapped));
  const auto taken = early.Take(code.path, kBuildId);
  ASSERT_NE(taken, nullptr);
  const auto opened = ModuleSymbols::Open({.path = code.path, .build_id = kBuildId, .in_use_at_unix_ns = 0});
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_THAT(taken->Find(code.address - 1), SizeIs(3));
  EXPECT_EQ(taken->Find(code.address - 1), (*opened)->Find(code.address - 1));
  EXPECT_EQ(early.Take(code.path, kBuildId), nullptr) << "there is but one";
}

// The build directory of these tests is no place where packages install.
TEST(EarlySymbols, AreNotThoseOfFilesThatABuildMayWrite) {
  const Code code(fixture::Outer(1));
  const int mapped = MappingsOf(code.path);
  EarlySymbols early({"/no/such/place/"});
  early.Want(code.path, kBuildId, code.address);
  usleep(100'000);
  EXPECT_EQ(MappingsOf(code.path), mapped);
  EXPECT_EQ(early.Take(code.path, kBuildId), nullptr);
}

TEST(EarlySymbols, OfAFileThatIsNotTheOneThatWasTracedAreLeftToTheEnd) {
  const Code code(fixture::Outer(1));
  const int mapped = MappingsOf(code.path);
  EarlySymbols early({"/"});
  early.Want(code.path, "another", code.address);
  early.Want("/no/such/file", kBuildId, code.address);
  early.Want(code.path, kBuildId, code.address);
  ASSERT_TRUE(WaitForMappings(code.path, mapped));
  EXPECT_EQ(early.Take(code.path, "another"), nullptr);
  EXPECT_EQ(early.Take("/no/such/file", kBuildId), nullptr);
}

TEST(EarlySymbols, EndWithTheRecordingWhateverIsLeftToRead) {
  const Code code(fixture::Outer(1));
  EarlySymbols early({"/"});
  for (uint64_t i = 0; i < 30'000; ++i) early.Want(code.path, kBuildId, code.address + i);
}

}  // namespace
}  // namespace fdtrace
