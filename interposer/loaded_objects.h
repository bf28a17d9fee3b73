// The program's executable and libraries, as a list of our own, for the loader's takes its lock (a forked child hangs
// on it if another thread held it): it turns addresses into (module, offset), and has where the tables for walking
// stacks lie.
//
//  - Filled at start from the loader; later objects are noticed when a frame lies in one, by _dl_find_object, which
//    takes no lock. dlopen itself is not interposed: it looks at its caller, and would take ours for it (RPATH,
//    namespaces).
//  - Holds copies: nothing in it points into an object that may be unloaded.
//  - Reading and noticing are lock-free, safe in signal handlers and after fork.
#pragma once

#include <link.h>

#include <atomic>
#include <cstdint>
#include <span>

namespace fdtrace {

struct LoadedObject {
  LoadedObject* next;
  uintptr_t start;  // of its mappings
  uintptr_t end;
  std::atomic<const void*> identity;  // the loader's link_map: another one at the same place is another object
  dl_phdr_info info;                  // with copies of the name and the program headers
  const char* path;                   // absolute; empty for the vDSO
  std::span<const unsigned char> build_id;
  uint64_t key;            // Module.key of event.proto
  std::atomic<bool> gone;  // unloaded
  std::atomic<bool> sent;  // to the collector
};

// Lists what is loaded now. In the constructor only: it asks the loader.
void ListLoadedObjects();

// The live object that `address` lies in; null when it lies in none that is listed.
LoadedObject* FindLoadedObject(uintptr_t address);

// Lists the object around `address` if the loader knows one that the list does not: true then. One that the loader no
// longer knows is gone.
bool NoticeLoadedObject(uintptr_t address);

// Is there one whose file's name, without directories, begins so?
bool IsLoaded(const char* name_start);

// Marks what the loader no longer knows.
void DropUnloadedObjects();

// Counts changes that can give an address another meaning.
uint32_t LoadGeneration();

// The file of the program itself; empty where it is not known (yet).
const char* ProgramPath();

// Lies the address in this library?
bool IsOurs(uintptr_t address);

}  // namespace fdtrace
