// Looks up addresses of fixture/symbolized.cc, which is linked in, in that library's file and in copies of it:
// stripped, with its debug information split off, and changed.
#include "viewer/module_symbols.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "absl/strings/str_format.h"
#include "viewer/fixture/symbolized.h"

namespace fdtrace {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

// The address that the call lies at, in the object file; and the file.
struct Call {
  explicit Call(void* return_address) {
    Dl_info info;
    link_map* map = nullptr;
    if (dladdr1(return_address, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0) return;
    address = reinterpret_cast<uint64_t>(return_address) - map->l_addr - 1;
    file = info.dli_fname;
  }
  uint64_t address = 0;
  std::string file;
};

// Of the program itself, as `readelf -n` shows it; the tests build the fixture with this one.
std::string FixtureBuildId() {
  std::string id;
  for (int i = 0; i < 20; ++i) id.push_back(static_cast<char>(0xa0 + i));
  return id;
}

TracedFile Traced(const std::string& path) {
  return {.path = path, .build_id = FixtureBuildId(), .in_use_at_unix_ns = 0};
}

// A copy beside the fixture, by the name that the build gave it.
std::string Variant(const std::string& name) { return (fs::path(FIXTURE_DIRECTORY) / name).string(); }

std::vector<Place> Find(const TracedFile& file, uint64_t address) {
  auto symbols = ModuleSymbols::Open(file);
  if (!symbols.ok()) {
    ADD_FAILURE() << file.path << ": " << symbols.status();
    return {};
  }
  return (*symbols)->Find(address);
}

// "function file:line", the file without its directory.
std::vector<std::string> Lines(const std::vector<Place>& places) {
  std::vector<std::string> lines;
  lines.reserve(places.size());
  for (const Place& place : places) {
    lines.push_back(place.function + " " + fs::path(place.file).filename().string() + ":" + std::to_string(place.line));
  }
  return lines;
}

auto OuterWithItsInlinedCalls() {
  return ElementsAre("fixture::(anonymous namespace)::Innermost symbolized.cc:10",
                     "fixture::(anonymous namespace)::Middle::Call symbolized.cc:17",
                     "fixture::Outer(int) symbolized.cc:31");
}

TEST(ModuleSymbols, ShowInlinedFunctionsInnermostFirst) {
  const Call call(fixture::Outer(1));
  const std::vector<Place> places = Find(Traced(call.file), call.address);
  EXPECT_THAT(Lines(places), OuterWithItsInlinedCalls());
  for (const Place& place : places) {
    EXPECT_TRUE(fs::path(place.file).is_absolute()) << place.file;
    EXPECT_EQ(place.file, fs::path(place.file).lexically_normal().string());
    EXPECT_THAT(place.file, EndsWith("/viewer/fixture/symbolized.cc"));
  }
}

TEST(ModuleSymbols, AreTheSameFromADebugFileFoundByItsLink) {
  const Call call(fixture::Outer(1));
  EXPECT_THAT(Lines(Find(Traced(Variant("stripped_with_link.so")), call.address)), OuterWithItsInlinedCalls());
}

TEST(ModuleSymbols, NeedNoDebugInformationForAFunctionOfTheSymbolTable) {
  const Call call(fixture::Outer(1));
  EXPECT_THAT(Lines(Find(Traced(Variant("stripped.so")), call.address)), ElementsAre("fixture::Outer(int) :0"));
  EXPECT_THAT(Lines(Find(Traced(Variant("stripped.so")), Call(fixture_plain_c()).address)), testing::IsEmpty())
      << "the caller is this test, whose address means nothing there";
}

TEST(ModuleSymbols, GiveAStaticFunctionOfAStrippedFileToNoNeighbour) {
  const Call call(fixture::ThroughStatic());
  EXPECT_THAT(Lines(Find(Traced(call.file), call.address)),
              ElementsAre("fixture::(anonymous namespace)::Static() symbolized.cc:23"));
  EXPECT_THAT(Lines(Find(Traced(Variant("stripped.so")), call.address)), ElementsAre());
}

TEST(ModuleSymbols, KnowNothingOfAnAddressOutsideTheFile) {
  const std::string file = Call(fixture::Outer(1)).file;
  EXPECT_THAT(Find(Traced(file), 0x7fff12345678), ElementsAre());
  EXPECT_THAT(Find(Traced(file), std::numeric_limits<uint64_t>::max()), ElementsAre());
}

std::string Refusal(const TracedFile& file) {
  const auto symbols = ModuleSymbols::Open(file);
  return symbols.ok() ? "none" : std::string(symbols.status().message());
}

TEST(ModuleSymbols, RefuseAFileOfAnotherBuild) {
  TracedFile file = Traced(Call(fixture::Outer(1)).file);
  file.build_id.back() ^= 1;
  EXPECT_THAT(Refusal(file), HasSubstr("changed"));
  file.build_id.clear();
  EXPECT_THAT(Refusal(file), HasSubstr("changed"));
}

TEST(ModuleSymbols, WithoutABuildIdRefuseAFileThatChangedSinceItWasInUse) {
  TracedFile file = {.path = Variant("without_build_id.so"), .build_id = "", .in_use_at_unix_ns = 1};
  EXPECT_THAT(Refusal(file), HasSubstr("changed"));
  file.in_use_at_unix_ns = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(Refusal(file), "none");
}

TEST(ModuleSymbols, SayWhyAFileCannotBeRead) {
  EXPECT_EQ(Refusal(Traced("/no/such/file")), "the file is no longer there");
  EXPECT_THAT(Refusal(Traced("/")), HasSubstr("changed"));
  EXPECT_THAT(Refusal(Traced("/dev/null")), HasSubstr("changed"));
  const std::string text = testing::TempDir() + "fdtrace_no_elf";
  std::ofstream(text) << "#!/bin/sh\n";
  EXPECT_NE(Refusal(Traced(text)), "none");
}

// The build sets the variables, since libdwfl looks at them before main: to a "server" in a directory, which the test
// makes.
TEST(ModuleSymbols, NeverAskADebuginfodServer) {
  const char* url = getenv("DEBUGINFOD_URLS");
  const char* cache = getenv("DEBUGINFOD_CACHE_PATH");
  ASSERT_TRUE(url != nullptr && cache != nullptr) << "run by `meson test`, which sets the environment";
  const std::string root = std::string(url).substr(std::string("file://").size());
  std::string hex;
  for (char byte : FixtureBuildId()) absl::StrAppendFormat(&hex, "%02x", static_cast<unsigned char>(byte));
  fs::remove_all(cache);
  fs::create_directories(root + "/buildid/" + hex);
  fs::copy_file(Variant("symbolized.debug"), root + "/buildid/" + hex + "/debuginfo",
                fs::copy_options::overwrite_existing);
  const Call call(fixture::Outer(1));
  EXPECT_THAT(Lines(Find(Traced(Variant("stripped.so")), call.address)), ElementsAre("fixture::Outer(int) :0"));
  EXPECT_FALSE(fs::exists(cache));
}

TEST(Demangled, LeavesOtherNamesAsTheyAre) {
  EXPECT_EQ(Demangled("_ZN3app4LoadEiPKc"), "app::Load(int, char const*)");
  EXPECT_EQ(Demangled("load_config"), "load_config");
  EXPECT_EQ(Demangled("_Zzz"), "_Zzz");
  EXPECT_EQ(Demangled(""), "");
}

}  // namespace
}  // namespace fdtrace
