// What stacks through a Python interpreter say. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "viewer/frames.h"

namespace fdtrace {

// Takes the interpreter's own frames out of a stack that has Python code in it; INTERPRETERS are its modules' paths.
void FoldInterpreter(const absl::flat_hash_set<std::string>& interpreters, std::vector<const Frame*>& frames);

// Of a stack that closes: Python did so because the object that had the descriptor was freed (or its __del__ ran), not
// because the program called close(). By the names of the interpreter's functions, so before they are folded.
bool IsCollected(const absl::flat_hash_set<std::string>& interpreters, FrameSpan frames);

}  // namespace fdtrace
