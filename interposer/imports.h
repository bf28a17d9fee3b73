// Points the imports of a loaded object elsewhere: what the loader wrote into its global offset table is written over.
// Thereby its calls reach what we choose, whoever else exports the same names and whatever the search order. At start
// only.
#pragma once

#include <link.h>

namespace fdtrace {

// Asks `replacement(object, name)` for each function that the object imports, and uses what it returns if that is not
// null. False when the object's tables could not be read or written.
bool RedirectImports(const link_map& object, void* (*replacement)(const link_map& object, const char* name));

}  // namespace fdtrace
