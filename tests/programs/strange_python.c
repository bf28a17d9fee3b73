// Exports what a Python interpreter exports, with STRANGE in place of its frames; then opens three files and keeps
// them.
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN 0
#define DEBUG 1
#define GARBAGE 2
#define CYCLIC 3

const unsigned long Py_Version = STRANGE == UNKNOWN ? 0x036300f0 : 0x030b02f0;
char PyCode_Type[408];
char PyUnicode_Type[408];

#if STRANGE == DEBUG
void _Py_NegativeRefcount(void) {}
#endif

// Offsets as 3.11 has them: a thread's record of frames, its frame; a frame's code, the frame before, its instruction.
static void* state[32];
static void* record[4];
static void* frame[16];
static uint64_t code[32];
static uint64_t text[16];

void* PyGILState_GetThisThreadState(void) {
  state[7] = record;
  record[1] = frame;
  frame[4] = code;
  frame[6] = frame;
  code[1] = (uintptr_t)PyCode_Type;
  // A name that begins where memory is, and is no text.
  code[14] = code[16] = code[17] = (uintptr_t)text;
  if (STRANGE == CYCLIC) {
    text[1] = (uintptr_t)PyUnicode_Type;
    text[2] = 3;
    text[4] = 1 << 2 | 1 << 5 | 1 << 6;
    memcpy(&text[6], "abc", 3);
  }
  return state;
}

void _PyEval_EvalFrameDefault(void) {}

int main(void) {
  for (int i = 0; i < 3; ++i) open("/dev/null", O_RDONLY);
  // Pointers that lead nowhere, once there was one that made no sense.
  frame[4] = (void*)0x7ffffffffff8;
  _Exit(0);
}
