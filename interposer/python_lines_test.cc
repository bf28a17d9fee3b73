// Tables as the compilers of the versions made them: `co_lnotab` and `co_linetable` of the source that each names.
#include "interposer/python_lines.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace fdtrace {
namespace {

using Table = std::vector<unsigned char>;

TEST(PythonLines, OfIncrementsGoUpAndDown) {
  // 3.9: three statements on lines 11, 13 and 12 of a function that begins in line 10.
  const Table table = {0, 1, 8, 2, 6, 0xff};
  EXPECT_EQ(PythonLine(LineTable::kIncrements, table, 10, 0), 11u);
  EXPECT_EQ(PythonLine(LineTable::kIncrements, table, 10, 7), 11u);
  EXPECT_EQ(PythonLine(LineTable::kIncrements, table, 10, 8), 13u);
  EXPECT_EQ(PythonLine(LineTable::kIncrements, table, 10, 14), 12u);
  EXPECT_EQ(PythonLine(LineTable::kIncrements, table, 10, 1000), 12u);
}

TEST(PythonLines, OfIncrementsLongerThanAByteAreInParts) {
  const Table table = {255, 0, 45, 127, 0, 73};
  EXPECT_EQ(PythonLine(LineTable::kIncrements, table, 1, 299), 1u);
  EXPECT_EQ(PythonLine(LineTable::kIncrements, table, 1, 300), 201u);
}

TEST(PythonLines, OfRangesMayBeNone) {
  const Table table = {4, 1, 6, 0x80, 8, 3};
  EXPECT_EQ(PythonLine(LineTable::kRanges, table, 20, 0), 21u);
  EXPECT_EQ(PythonLine(LineTable::kRanges, table, 20, 4), 0u);
  EXPECT_EQ(PythonLine(LineTable::kRanges, table, 20, 10), 24u);
}

TEST(PythonLines, OfLocationsAreReadInAllForms) {
  const Table table = {
      0x80 | 15 << 3 | 0,                  // two bytes of code without a location
      0x80 | 11 << 3 | 1, 4,  9,           // four, one line further
      0x80 | 0 << 3 | 0,  5,               // two, on the same line
      0x80 | 13 << 3 | 2, 6,               // six, three lines further
      0x80 | 14 << 3 | 0, 65, 4, 0, 1, 1,  // two, 128 lines back
      0x80 | 10 << 3 | 7, 0,  1,           // sixteen, on the same line
  };
  const auto line = [&](int64_t offset) { return PythonLine(LineTable::kLocations, table, 200, offset); };
  EXPECT_EQ(line(-2), 200u);
  EXPECT_EQ(line(0), 0u);
  EXPECT_EQ(line(2), 201u);
  EXPECT_EQ(line(5), 201u);
  EXPECT_EQ(line(6), 201u);
  EXPECT_EQ(line(8), 204u);
  EXPECT_EQ(line(14), 204u - 128u);
  EXPECT_EQ(line(16), 204u - 128u);
}

TEST(PythonLines, AreNoneWhereANumberIsLongerThanAnyLineHas) {
  Table table;
  for (int entry = 0; entry < 64; ++entry) {  // by 2^58 lines each: as 64 bits count, back to where it began
    table.push_back(0x80 | 14 << 3);
    table.insert(table.end(), 9, 0x40);
    table.push_back(0x20);
  }
  EXPECT_EQ(PythonLine(LineTable::kLocations, table, 1, INT64_MAX), 0u);
}

TEST(PythonLines, OfADamagedTableAreReadToItsEnd) {
  for (const LineTable kind : {LineTable::kIncrements, LineTable::kRanges, LineTable::kLocations}) {
    EXPECT_EQ(PythonLine(kind, {}, 7, 0), 7u);
    for (unsigned first = 0; first < 256; ++first) {
      const Table table = {static_cast<unsigned char>(first), 0xff, 0x7f, 0x7f};
      for (size_t length = 1; length <= table.size(); ++length) {
        PythonLine(kind, std::span(table).first(length), 1, INT64_MAX);
      }
    }
  }
}

}  // namespace
}  // namespace fdtrace
