// The shared object itself: what it needs and what it exports.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "interposer/rows.h"
#include "tests/traced.h"

namespace fdtrace {
namespace {

std::string Library() { return std::filesystem::path(FdtraceBinary()).parent_path() / "interposer/libfdtrace.so"; }

TEST(Library, NeedsLibcAlone) {
  const Ran readelf = RunBare({"readelf", "-d", Library()});
  std::istringstream lines(readelf.out);
  std::vector<std::string> needed;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("(NEEDED)") != std::string::npos) needed.push_back(line.substr(line.find('[')));
  }
  EXPECT_THAT(needed, ::testing::ElementsAre("[libc.so.6]"));
}

TEST(Library, ExportsTheTableAndTheFunctionsOfItsHeaderAndNothingElse) {
  std::set<std::string> table = {"fdtrace_mark", "fdtrace_still_open"};  // integrations/fdtrace.h
  for (const RowFacts& row : kRows) {
    if (std::string_view(row.name()).find('(') == std::string_view::npos) table.insert(row.name());
  }
  std::set<std::string> exported;
  std::istringstream lines(RunBare({"nm", "-D", "--defined-only", "--format=just-symbols", Library()}).out);
  for (std::string name; std::getline(lines, name);) exported.insert(name);
  EXPECT_EQ(exported, table);
}

}  // namespace
}  // namespace fdtrace
