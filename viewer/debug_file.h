// Finds the separate debug file of a program or library: on this machine only, never from the network.
#pragma once

#include <elfutils/libdwfl.h>

namespace fdtrace {

// A Dwfl_Callbacks.find_debuginfo that looks where gdb looks: by build id in /usr/lib/debug/.build-id, then by the name
// in .gnu_debuglink beside the file, in .debug beside it, and in /usr/lib/debug. What is found by name must have the
// same build id or, where the file has none, the checksum from .gnu_debuglink.
//
// libdwfl's own dwfl_standard_find_debuginfo does the same and then asks the servers in DEBUGINFOD_URLS, which can take
// minutes; and that variable is the traced program's to inherit, so that unsetting it is no way out.
int FindDebugFile(Dwfl_Module* module, void** user, const char* name, Dwarf_Addr base, const char* file_name,
                  const char* debuglink_file, GElf_Word debuglink_crc, char** debuginfo_file_name);

}  // namespace fdtrace
