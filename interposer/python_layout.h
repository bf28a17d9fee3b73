// Where CPython keeps what its frames are, by version: offsets in bytes, of release builds on 64-bit machines, as its
// own headers have them (Include/cpython/frameobject.h, code.h, unicodeobject.h, internal/pycore_frame.h).
// https://github.com/python/cpython
#pragma once

#include <cstdint>

namespace fdtrace {

// Which frame is the outermost of a call of the evaluation function.
enum class EvaluationEnd : uint8_t {
  kEveryFrame,  // to 3.10: each has a call of its own
  kEntryFlag,   // 3.11: the one that says so
  kShimFrame,   // from 3.12: the one before a frame that the C stack owns, which is no Python code
};

// What a frame knows of the place where it is.
enum class Instruction : uint8_t {
  kByteOffset,  // to 3.9
  kWordOffset,  // 3.10: in units of two bytes
  kAddress,     // from 3.11: in the code object
};

enum class LineTable : uint8_t {
  kIncrements,  // to 3.9: lnotab_notes.txt
  kRanges,      // 3.10: PEP 626
  kLocations,   // from 3.11: PEP 657
};

// Where objects of a class have their attributes.
enum class AttributeStore : uint8_t {
  kDict,          // to 3.10: where the type says
  kValuesOrDict,  // 3.11: before the object
  kTagged,        // 3.12: likewise, in one word
  kInline,        // 3.13: behind the object, or in a dict that is before it
};

struct PythonLayout {
  uint16_t minor;  // of version 3

  uint16_t state_frame;  // PyThreadState: the frame, or
  bool has_cframe;       // in 3.11 and 3.12 a record on the C stack
  uint16_t cframe_frame;

  EvaluationEnd evaluation_end;
  uint16_t frame_back;
  uint16_t frame_code;
  uint16_t frame_instruction;
  uint16_t frame_locals;
  uint16_t frame_end;  // the flag, or the owner
  Instruction instruction;

  uint16_t code_instructions;  // where they begin, for Instruction::kAddress
  uint16_t code_file;
  uint16_t code_name;  // from 3.11 the qualified one
  uint16_t code_first_line;
  uint16_t code_lines;
  LineTable lines;

  uint16_t ascii_text;  // behind the header of a str
  uint16_t other_text;

  AttributeStore attributes;
  uint16_t type_cached_keys;  // of the attributes that are in no dict

  bool has_qualified_names() const { return minor >= 11; }
};

// Null: not known.
const PythonLayout* FindPythonLayout(unsigned major, unsigned minor);

// The beginning of _PyRuntime of 3.13, _Py_DebugOffsets of its internal/pycore_runtime.h: sizes and offsets.
struct PythonDebugOffsets {
  char cookie[8];
  uint64_t version;
  uint64_t free_threaded;
  uint64_t runtime_state[3];
  uint64_t interpreter_state[13];
  struct {
    uint64_t size, previous, next, interpreter, frame, thread, native_thread, stack_chunk, status;
  } thread_state;
  struct {
    uint64_t size, previous, code, instruction, locals, owner;
  } frame;
  struct {
    uint64_t size, file, name, qualified_name, lines, first_line, arguments, local_names, local_kinds, instructions;
  } code;
};

// Takes over what an interpreter says of itself.
void Apply(const PythonDebugOffsets& offsets, PythonLayout& layout);

// Of every object.
inline constexpr uint16_t kObjectType = 8;
// str: length, the hash of its text once that was asked for (else -1), and what it is made of.
inline constexpr uint16_t kTextLength = 16;
inline constexpr uint16_t kTextHash = 24;
inline constexpr uint16_t kTextState = 32;
// bytes
inline constexpr uint16_t kBytesLength = 16;
inline constexpr uint16_t kBytesContent = 32;
// From 3.12: who owns a frame; from here on, it is none of Python code.
inline constexpr uint8_t kOwnedByCStack = 3;

}  // namespace fdtrace
