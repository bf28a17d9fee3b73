#include "interposer/frame_tables.h"

#include <elf.h>

#include "interposer/byte_reader.h"

namespace fdtrace {
namespace {

// How pointers are written: DW_EH_PE_*.
constexpr uint8_t kOmitted = 0xff;
constexpr uint8_t kFormOfPointer = 0x0f;
constexpr uint8_t kBaseOfPointer = 0x70;
constexpr uint8_t kFromHere = 0x10;
constexpr uint8_t kFromTable = 0x30;
constexpr uint8_t kIndirect = 0x80;

struct Segment {
  const uint8_t* start = nullptr;
  const uint8_t* end = nullptr;
};

// The readable one around the address; empty if there is none.
Segment SegmentAround(const LoadedObject& object, uintptr_t address) {
  for (int i = 0; i < object.info.dlpi_phnum; ++i) {
    const auto& part = object.info.dlpi_phdr[i];
    const uintptr_t start = object.info.dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_LOAD && (part.p_flags & PF_R) != 0 && address - start < part.p_memsz)
      return {reinterpret_cast<const uint8_t*>(start), reinterpret_cast<const uint8_t*>(start + part.p_memsz)};
  }
  return {};
}

uintptr_t ReadForm(ByteReader& reader, uint8_t form) {
  switch (form) {
    case 0x00:  // as wide as a pointer
    case 0x04:
    case 0x0c:
      return reader.Read<uint64_t>();
    case 0x01:
      return reader.ReadUleb();
    case 0x02:
      return reader.Read<uint16_t>();
    case 0x03:
      return reader.Read<uint32_t>();
    case 0x09:
      return static_cast<uintptr_t>(reader.ReadSleb());
    case 0x0a:
      return static_cast<uintptr_t>(reader.Read<int16_t>());
    case 0x0b:
      return static_cast<uintptr_t>(reader.Read<int32_t>());
    default:
      reader.Take(UINT64_MAX);  // fails
      return 0;
  }
}

// Of addresses of code; those that need another base, or are to be fetched elsewhere, are of no object that links
// today.
uintptr_t ReadPointer(ByteReader& reader, uint8_t encoding, uintptr_t table) {
  const auto here = reinterpret_cast<uintptr_t>(reader.at());
  const uintptr_t value = ReadForm(reader, encoding & kFormOfPointer);
  switch (encoding & (kBaseOfPointer | kIndirect)) {
    case 0:
      return value;
    case kFromHere:
      return here + value;
    case kFromTable:
      return table + value;
    default:
      reader.Take(UINT64_MAX);
      return 0;
  }
}

// The entry of the last function that begins at or before the address, by the sorted table of .eh_frame_hdr; null if
// there is none. Its layout is the one that all linkers write: pairs of 32-bit offsets from the table's beginning.
const uint8_t* FindEntry(const LoadedObject& object, uintptr_t address) {
  constexpr uint8_t kSortedPairs = kFromTable | 0x0b;
  struct Pair {
    int32_t code;
    int32_t entry;
  };
  for (int i = 0; i < object.info.dlpi_phnum; ++i) {
    const auto& part = object.info.dlpi_phdr[i];
    if (part.p_type != PT_GNU_EH_FRAME) continue;
    const uintptr_t table = object.info.dlpi_addr + part.p_vaddr;
    const Segment segment = SegmentAround(object, table);
    if (segment.start == nullptr) return nullptr;
    ByteReader reader(reinterpret_cast<const uint8_t*>(table), segment.end);
    const auto version = reader.Read<uint8_t>();
    const auto frames_encoding = reader.Read<uint8_t>();
    const auto count_encoding = reader.Read<uint8_t>();
    const auto pair_encoding = reader.Read<uint8_t>();
    if (version != 1 || count_encoding == kOmitted || pair_encoding != kSortedPairs) return nullptr;
    if (frames_encoding != kOmitted) ReadPointer(reader, frames_encoding, table);
    const uintptr_t count = ReadPointer(reader, count_encoding, table);
    const uint8_t* const pairs = reader.at();
    if (reader.failed() || count > static_cast<uintptr_t>(segment.end - pairs) / sizeof(Pair)) return nullptr;
    const auto code_of = [&](uintptr_t index) {
      int32_t code;
      std::memcpy(&code, pairs + index * sizeof(Pair), sizeof code);
      return static_cast<intptr_t>(code);
    };
    const auto wanted = static_cast<intptr_t>(address - table);
    uintptr_t first_beyond = 0;
    for (uintptr_t rest = count; rest > 0;) {
      const uintptr_t middle = rest / 2;
      if (code_of(first_beyond + middle) <= wanted) {
        first_beyond += middle + 1;
        rest -= middle + 1;
      } else {
        rest = middle;
      }
    }
    if (first_beyond == 0) return nullptr;
    Pair pair;
    std::memcpy(&pair, pairs + (first_beyond - 1) * sizeof(Pair), sizeof pair);
    return reinterpret_cast<const uint8_t*>(table + static_cast<uintptr_t>(static_cast<intptr_t>(pair.entry)));
  }
  return nullptr;
}

// What stands in front of every entry: its length. Empty for the end of the list, or beyond the segment.
ByteReader ReadEntry(const uint8_t* at, const Segment& segment) {
  ByteReader reader(at, segment.end);
  uint64_t length = reader.Read<uint32_t>();
  if (length == 0xffffffff) length = reader.Read<uint64_t>();
  return reader.Take(length);
}

// What several functions' entries have in common (CIE).
struct Common {
  uint64_t code_alignment = 1;
  int64_t data_alignment = 1;
  uint64_t return_column = 0;
  uint8_t pointer_encoding = 0;
  bool has_sizes = false;  // of augmentations
  bool is_signal_frame = false;
  ByteReader instructions{nullptr, nullptr};
};

bool ReadAugmentation(const uint8_t* letters, ByteReader data, Common& common) {
  for (; *letters != '\0'; ++letters) {
    switch (*letters) {
      case 'R':
        common.pointer_encoding = data.Read<uint8_t>();
        break;
      case 'P':
        ReadForm(data, data.Read<uint8_t>() & kFormOfPointer);
        break;
      case 'L':
        data.Read<uint8_t>();
        break;
      case 'S':
        common.is_signal_frame = true;
        break;
      case 'B':  // return addresses are signed by the other key
        break;
      default:
        return false;
    }
  }
  return !data.failed();
}

bool ReadCommon(ByteReader reader, Common& common) {
  if (reader.Read<uint32_t>() != 0) return false;  // not a CIE
  const auto version = reader.Read<uint8_t>();
  if (version != 1 && version != 3) return false;
  const uint8_t* letters = reader.at();
  while (reader.Read<uint8_t>() != 0) {
  }
  if (reader.failed()) return false;
  common.code_alignment = reader.ReadUleb();
  common.data_alignment = reader.ReadSleb();
  common.return_column = version == 1 ? reader.Read<uint8_t>() : reader.ReadUleb();
  if (*letters == 'z') {
    common.has_sizes = true;
    const uint64_t size = reader.ReadUleb();
    if (!ReadAugmentation(letters + 1, reader.Take(size), common)) return false;
  } else if (*letters != '\0') {
    return false;
  }
  common.instructions = reader;
  return !reader.failed() && common.return_column < kRegisters;
}

// Runs the instructions of a table up to one address.
class RowMachine {
 public:
  RowMachine(const Common& common, uintptr_t location, uintptr_t wanted, FrameRow& row)
      : common_(common), location_(location), wanted_(wanted), row_(row) {}

  // False: what stands there makes no sense. All common ones come first, then the function's.
  bool Run(ByteReader instructions) {
    while (!instructions.AtEnd() && !beyond_) {
      if (!Execute(instructions)) return false;
    }
    return !instructions.failed();
  }

  // What `restore` goes back to.
  void KeepInitial() { initial_ = row_; }

 private:
  static constexpr size_t kDepth = 4;  // compilers nest no deeper than one

  void Set(uint64_t number, RegisterRule rule, int64_t value = 0) {
    if (number >= kRegisters) return;  // of vectors
    row_.rules[number] = rule;
    row_.values[number] = value;
  }

  void Restore(uint64_t number) {
    if (number < kRegisters) Set(number, initial_.rules[number], initial_.values[number]);
  }

  void DefineCfa(uint64_t number, int64_t offset) {
    row_.cfa_is_expression = false;
    row_.cfa_register = number;
    row_.cfa = offset;
  }

  // Of an expression there is no part to change.
  bool ChangeCfa(uint64_t number, int64_t offset) {
    if (row_.cfa_is_expression) return false;
    DefineCfa(number, offset);
    return true;
  }

  void Advance(uint64_t delta) {
    location_ += delta * common_.code_alignment;
    beyond_ = location_ > wanted_;
  }

  static int64_t Block(ByteReader& reader) {
    const auto block = reinterpret_cast<intptr_t>(reader.at());
    reader.Take(reader.ReadUleb());
    return block;
  }

  // Unsigned, so that nonsense wraps.
  int64_t Scaled(uint64_t offset) const {
    return static_cast<int64_t>(offset * static_cast<uint64_t>(common_.data_alignment));
  }
  int64_t ScaledSigned(int64_t offset) const { return Scaled(static_cast<uint64_t>(offset)); }

  bool Push() {
    if (depth_ == kDepth) return false;
    kept_[depth_++] = row_;
    return true;
  }

  bool Pop() {
    if (depth_ == 0) return false;
    row_ = kept_[--depth_];
    return true;
  }

  bool Execute(ByteReader& reader) {
    const auto code = reader.Read<uint8_t>();
    const uint64_t operand = code & 0x3f;
    switch (code & 0xc0) {
      case 0x40:
        Advance(operand);
        return true;
      case 0x80:
        Set(operand, RegisterRule::kAtOffset, Scaled(reader.ReadUleb()));
        return true;
      case 0xc0:
        Restore(operand);
        return true;
      default:
        return ExecuteExtended(code, reader);
    }
  }

  bool ExecuteExtended(uint8_t code, ByteReader& reader);

  const Common& common_;
  uintptr_t location_;
  const uintptr_t wanted_;
  FrameRow& row_;
  FrameRow initial_;
  FrameRow kept_[kDepth];
  size_t depth_ = 0;
  bool beyond_ = false;
};

// The order of evaluation matters: a register's number stands before its value.
bool RowMachine::ExecuteExtended(uint8_t code, ByteReader& reader) {
  const auto set = [&](RegisterRule rule, auto value) {
    const uint64_t number = reader.ReadUleb();
    Set(number, rule, value());
    return true;
  };
  switch (code) {
    case 0x00:  // nop
      return true;
    case 0x01:  // set_loc
      location_ = ReadPointer(reader, common_.pointer_encoding, 0);
      beyond_ = location_ > wanted_;
      return true;
    case 0x02:  // advance_loc1, 2, 4
      Advance(reader.Read<uint8_t>());
      return true;
    case 0x03:
      Advance(reader.Read<uint16_t>());
      return true;
    case 0x04:
      Advance(reader.Read<uint32_t>());
      return true;
    case 0x05:  // offset_extended
      return set(RegisterRule::kAtOffset, [&] { return Scaled(reader.ReadUleb()); });
    case 0x06:  // restore_extended
      Restore(reader.ReadUleb());
      return true;
    case 0x07:  // undefined
      return set(RegisterRule::kUndefined, [] { return 0; });
    case 0x08:  // same_value
      return set(RegisterRule::kSame, [] { return 0; });
    case 0x09:  // register
      return set(RegisterRule::kRegister, [&] { return static_cast<int64_t>(reader.ReadUleb()); });
    case 0x0a:  // remember_state
      return Push();
    case 0x0b:  // restore_state
      return Pop();
    case 0x0c: {  // def_cfa
      const uint64_t number = reader.ReadUleb();
      DefineCfa(number, static_cast<int64_t>(reader.ReadUleb()));
      return true;
    }
    case 0x0d:  // def_cfa_register
      return ChangeCfa(reader.ReadUleb(), row_.cfa);
    case 0x0e:  // def_cfa_offset
      return ChangeCfa(row_.cfa_register, static_cast<int64_t>(reader.ReadUleb()));
    case 0x0f:  // def_cfa_expression
      row_.cfa_is_expression = true;
      row_.cfa = Block(reader);
      return true;
    case 0x10:  // expression
      return set(RegisterRule::kAtExpression, [&] { return Block(reader); });
    case 0x11:  // offset_extended_sf
      return set(RegisterRule::kAtOffset, [&] { return ScaledSigned(reader.ReadSleb()); });
    case 0x12: {  // def_cfa_sf
      const uint64_t number = reader.ReadUleb();
      DefineCfa(number, ScaledSigned(reader.ReadSleb()));
      return true;
    }
    case 0x13:  // def_cfa_offset_sf
      return ChangeCfa(row_.cfa_register, ScaledSigned(reader.ReadSleb()));
    case 0x14:  // val_offset
      return set(RegisterRule::kOffset, [&] { return Scaled(reader.ReadUleb()); });
    case 0x15:  // val_offset_sf
      return set(RegisterRule::kOffset, [&] { return ScaledSigned(reader.ReadSleb()); });
    case 0x16:  // val_expression
      return set(RegisterRule::kExpression, [&] { return Block(reader); });
    case 0x2d:  // AARCH64_negate_ra_state: WithoutSignature asks for no state
      return true;
    case 0x2e:  // GNU_args_size
      reader.ReadUleb();
      return true;
    case 0x2f:  // GNU_negative_offset_extended
      return set(RegisterRule::kAtOffset, [&] { return Scaled(0 - reader.ReadUleb()); });
    default:
      return false;
  }
}

}  // namespace

bool FindFrameRow(const LoadedObject& object, uintptr_t address, FrameRow& row) {
  const uint8_t* const entry = FindEntry(object, address);
  if (entry == nullptr) return false;
  const Segment segment = SegmentAround(object, reinterpret_cast<uintptr_t>(entry));
  if (segment.start == nullptr) return false;
  ByteReader reader = ReadEntry(entry, segment);
  const uint8_t* const distance_from = reader.at();
  const auto distance = reader.Read<uint32_t>();
  if (distance == 0 || distance > static_cast<uintptr_t>(distance_from - segment.start)) return false;
  Common common;
  if (!ReadCommon(ReadEntry(distance_from - distance, segment), common)) return false;
  const uintptr_t start = ReadPointer(reader, common.pointer_encoding, 0);
  const uintptr_t size = ReadForm(reader, common.pointer_encoding & kFormOfPointer);
  if (common.has_sizes) reader.Take(reader.ReadUleb());
  if (reader.failed() || address - start >= size) return false;

  row = {};
  row.return_column = common.return_column;
  row.is_signal_frame = common.is_signal_frame;
  RowMachine machine(common, start, address, row);
  if (!machine.Run(common.instructions)) return false;
  machine.KeepInitial();
  return machine.Run(reader);
}

}  // namespace fdtrace
