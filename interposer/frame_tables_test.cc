// Tables made by hand, as linkers write them: what they say, and what makes no sense.
#include "interposer/frame_tables.h"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace fdtrace {
namespace {

constexpr int32_t kCode = -4096;  // the function, from the beginning of the table
constexpr uint32_t kCodeBytes = 64;
constexpr uint8_t kNop = 0x00;

using Bytes = std::vector<uint8_t>;

void Put32(Bytes& bytes, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<uint8_t>(value >> shift));
}

// An entry: its length, and as much more as fills it up to whole words.
void PutEntry(Bytes& bytes, Bytes content) {
  while (content.size() % 4 != 0) content.push_back(kNop);
  Put32(bytes, static_cast<uint32_t>(content.size()));
  bytes.insert(bytes.end(), content.begin(), content.end());
}

// .eh_frame_hdr and .eh_frame of one function of kCodeBytes, with these instructions.
Bytes Tables(const Bytes& instructions) {
  constexpr uint32_t kCommon = 20;  // where its entry begins
  Bytes bytes = {1, 0x1b, 0x03, 0x3b};
  Put32(bytes, kCommon - 4);
  Put32(bytes, 1);
  Put32(bytes, static_cast<uint32_t>(kCode));
  const size_t entry_at = bytes.size();
  Put32(bytes, 0);
  // Version 1, "zR"; code in bytes, data in -8, returns by 16; code by 32-bit distances. CFA = stack pointer + 8, the
  // return address at CFA - 8.
  PutEntry(bytes, {0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1});
  const auto entry = static_cast<uint32_t>(bytes.size());
  std::memcpy(&bytes[entry_at], &entry, sizeof entry);
  Bytes function;
  Put32(function, entry + 4 - kCommon);
  Put32(function, static_cast<uint32_t>(kCode) - (entry + 8));
  Put32(function, kCodeBytes);
  function.push_back(0);
  function.insert(function.end(), instructions.begin(), instructions.end());
  PutEntry(bytes, function);
  return bytes;
}

// Found in memory that ends where the tables do.
bool Find(const Bytes& tables, int32_t distance, FrameRow& row) {
  const auto memory = std::make_unique<uint8_t[]>(tables.size());
  std::memcpy(memory.get(), tables.data(), tables.size());
  ElfW(Phdr) parts[2] = {};
  parts[0].p_type = PT_LOAD;
  parts[0].p_flags = PF_R;
  parts[1].p_type = PT_GNU_EH_FRAME;
  for (auto& part : parts) {
    part.p_vaddr = reinterpret_cast<uintptr_t>(memory.get());
    part.p_memsz = tables.size();
  }
  LoadedObject object = {};
  object.info.dlpi_phdr = parts;
  object.info.dlpi_phnum = 2;
  return FindFrameRow(object, parts[0].p_vaddr + static_cast<uintptr_t>(intptr_t{distance}), row);
}

TEST(FrameTablesTest, TheRowIsThatOfTheInstruction) {
  // After four bytes the frame pointer is saved, after eight more it is the base.
  const Bytes tables = Tables({0x44, 0x0e, 16, 0x86, 2, 0x48, 0x0d, 6});
  FrameRow row;
  ASSERT_TRUE(Find(tables, kCode, row));
  EXPECT_EQ(row.cfa_register, 7u);
  EXPECT_EQ(row.cfa, 8);
  EXPECT_EQ(row.rules[16], RegisterRule::kAtOffset);
  EXPECT_EQ(row.values[16], -8);
  EXPECT_EQ(row.rules[6], RegisterRule::kSame);
  ASSERT_TRUE(Find(tables, kCode + 4, row));
  EXPECT_EQ(row.cfa, 16);
  EXPECT_EQ(row.rules[6], RegisterRule::kAtOffset);
  EXPECT_EQ(row.values[6], -16);
  ASSERT_TRUE(Find(tables, kCode + 63, row));
  EXPECT_EQ(row.cfa_register, 6u);
}

TEST(FrameTablesTest, WhatIsRememberedComesBack) {
  const Bytes tables = Tables({0x0a, 0x44, 0x0e, 64, 0x86, 3, 0x44, 0x0b, 0x44, 0xc6});
  FrameRow row;
  ASSERT_TRUE(Find(tables, kCode + 4, row));
  EXPECT_EQ(row.cfa, 64);
  ASSERT_TRUE(Find(tables, kCode + 8, row));
  EXPECT_EQ(row.cfa, 8);
  EXPECT_EQ(row.rules[6], RegisterRule::kSame);
}

TEST(FrameTablesTest, BesideTheFunctionThereIsNoRow) {
  const Bytes tables = Tables({});
  FrameRow row;
  EXPECT_FALSE(Find(tables, kCode - 1, row));
  EXPECT_FALSE(Find(tables, kCode + static_cast<int32_t>(kCodeBytes), row));
}

TEST(FrameTablesTest, WhatMakesNoSenseIsNoRow) {
  const std::vector<Bytes> nonsense = {
      {0x0f, 2, 0x77, 8, 0x0e, 16},                // a CFA that is an expression has no offset to change
      {0x0f, 2, 0x77, 8, 0x0d, 6},                 // nor a register
      {0x0b},                                      // nothing was remembered
      {0x0a, 0x0a, 0x0a, 0x0a, 0x0a},              // more than anybody remembers
      {0x3f},                                      // no instruction
      {0x0f, 0x7f},                                // an expression longer than the table
      {0x0e, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80},  // a number without an end (the entry is full)
  };
  for (const Bytes& instructions : nonsense) {
    FrameRow row;
    EXPECT_FALSE(Find(Tables(instructions), kCode, row)) << "begins with " << int{instructions[0]};
  }
}

// Reads beyond the end are found by the sanitizers' build.
TEST(FrameTablesTest, NoDamageLeadsAstray) {
  const Bytes tables = Tables({0x44, 0x0e, 16, 0x86, 2, 0x0f, 3, 0x76, 0x78, 0x06, 0x10, 6, 2, 0x76, 0});
  size_t rows = 0;
  for (size_t at = 0; at < tables.size(); ++at) {
    for (const uint8_t byte : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      Bytes damaged = tables;
      damaged[at] = byte;
      FrameRow row;
      rows += Find(damaged, kCode + 60, row) ? 1 : 0;
      damaged.resize(at);
      EXPECT_FALSE(Find(damaged, kCode + 60, row)) << "cut at byte " << at;
    }
  }
  EXPECT_GT(rows, 0u);
}

}  // namespace
}  // namespace fdtrace
