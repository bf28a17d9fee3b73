// What is done once in a program's life: everything that needs the loader, so that the hooks need it no more.
#pragma once

namespace fdtrace {

// In our constructor, or in the first hook if a library's constructor comes before it. Does nothing the second time,
// nor while libc itself is not yet initialised. ARGUMENTS are main's; null: not known.
void Start(char* const* arguments);

}  // namespace fdtrace
