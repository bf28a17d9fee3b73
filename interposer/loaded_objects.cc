#include "interposer/loaded_objects.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>

#include <cstring>

#include "interposer/hash.h"
#include "interposer/memory.h"
#include "interposer/python_interpreter.h"
#include "interposer/raw_syscall.h"
#include "interposer/seccomp_calls.h"
#include "interposer/text.h"

// Absent before glibc 2.35 and from other libcs: then objects loaded later stay unknown.
extern "C" __attribute__((weak)) int _dl_find_object(void*, dl_find_object*) noexcept;

namespace fdtrace {
namespace {

constinit std::atomic<LoadedObject*> g_objects{nullptr};
constinit std::atomic<uint32_t> g_generation{1};
constinit const char* g_program = "";
constinit uintptr_t g_own_start = 0;
constinit uintptr_t g_own_end = 0;

const char* CopyString(const char* text, size_t length) {
  auto* const copy = static_cast<char*>(AllocateForever(length + 1));
  if (copy == nullptr) return "";
  std::memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}

__attribute__((noinline)) const char* ExecutablePath() {
  char path[PATH_MAX];
  const long length = RawSyscall(SYS_readlink, "/proc/self/exe", reinterpret_cast<long>(path), sizeof path);
  return Failed(length) ? "" : CopyString(path, static_cast<size_t>(length));
}

// Apart from its caller, so that its large array is on the stack only when it is needed.
__attribute__((noinline)) const char* BelowWorkingDirectory(const char* name, size_t length) {
  char path[PATH_MAX + 1];
  if (!MayCall(OurCall::kWorkingDirectory)) return CopyString(name, length);
  const long directory = RawSyscall(SYS_getcwd, path, PATH_MAX);  // counts the terminating zero
  if (Failed(directory) || static_cast<size_t>(directory) + length + 1 > sizeof path) return CopyString(name, length);
  path[directory - 1] = '/';
  std::memcpy(path + directory, name, length + 1);
  return CopyString(path, static_cast<size_t>(directory) + length);
}

const char* AbsolutePath(const char* name) {
  const size_t length = TextLength(name);
  return name[0] == '/' ? CopyString(name, length) : BelowWorkingDirectory(name, length);
}

// The vDSO has a name and no file; the executable has a file and no name.
const char* PathOf(const dl_phdr_info& info) {
  if (info.dlpi_name == nullptr || info.dlpi_name[0] == '\0') return g_program = ExecutablePath();
  if (TextStarts(info.dlpi_name, "linux-vdso.so") || TextStarts(info.dlpi_name, "linux-gate.so")) return "";
  return AbsolutePath(info.dlpi_name);
}

// Where it is mapped.
std::span<const unsigned char> BuildIdOf(const dl_phdr_info& info) {
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& header = info.dlpi_phdr[i];
    if (header.p_type != PT_NOTE) continue;
    const auto* at = reinterpret_cast<const unsigned char*>(info.dlpi_addr + header.p_vaddr);
    const unsigned char* const end = at + header.p_memsz;
    const size_t align = header.p_align >= 8 ? 8 : 4;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) note;
      std::memcpy(&note, at, sizeof note);
      const unsigned char* const name = at + sizeof note;
      const unsigned char* const content = at + ((sizeof note + note.n_namesz + align - 1) & ~(align - 1));
      if (content + note.n_descsz > end) break;
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
          TextEquals(reinterpret_cast<const char*>(name), "GNU")) {
        return {content, note.n_descsz};
      }
      at = content + ((note.n_descsz + align - 1) & ~(align - 1));
    }
  }
  return {};
}

std::span<const unsigned char> Copy(std::span<const unsigned char> bytes) {
  auto* const copy = static_cast<unsigned char*>(AllocateForever(bytes.size()));
  if (copy == nullptr) return {};
  std::memcpy(copy, bytes.data(), bytes.size());
  return {copy, bytes.size()};
}

void SetExtent(LoadedObject& object) {
  object.start = UINTPTR_MAX;
  object.end = 0;
  for (int i = 0; i < object.info.dlpi_phnum; ++i) {
    const auto& header = object.info.dlpi_phdr[i];
    if (header.p_type != PT_LOAD) continue;
    const uintptr_t start = object.info.dlpi_addr + header.p_vaddr;
    if (start < object.start) object.start = start;
    if (start + header.p_memsz > object.end) object.end = start + header.p_memsz;
  }
}

const void* IdentityAt(uintptr_t address) {
  dl_find_object found;
  if (_dl_find_object == nullptr || _dl_find_object(reinterpret_cast<void*>(address), &found) != 0) return nullptr;
  return found.dlfo_link_map;
}

bool Same(std::span<const unsigned char> a, std::span<const unsigned char> b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

// Is it one that was unloaded and is back where it was? Then its entry serves again.
bool Returned(const dl_phdr_info& info, std::span<const unsigned char> build_id) {
  if (build_id.empty() || info.dlpi_name == nullptr) return false;
  for (LoadedObject* old = g_objects.load(std::memory_order_acquire); old != nullptr; old = old->next) {
    if (!old->gone.load(std::memory_order_relaxed) || old->info.dlpi_addr != info.dlpi_addr ||
        !TextEquals(old->path, info.dlpi_name) || !Same(old->build_id, build_id)) {
      continue;
    }
    old->identity.store(IdentityAt(old->start), std::memory_order_relaxed);
    old->gone.store(false, std::memory_order_release);
    return true;
  }
  return false;
}

void AddObject(const dl_phdr_info& info) {
  const std::span<const unsigned char> build_id = BuildIdOf(info);
  if (Returned(info, build_id)) return;
  auto* const object = static_cast<LoadedObject*>(AllocateForever(sizeof(LoadedObject)));
  const size_t header_bytes = info.dlpi_phnum * sizeof(ElfW(Phdr));
  auto* const headers = static_cast<ElfW(Phdr)*>(AllocateForever(header_bytes));
  if (object == nullptr || headers == nullptr) return;
  std::memcpy(headers, info.dlpi_phdr, header_bytes);
  object->info = info;
  object->info.dlpi_phdr = headers;
  object->path = PathOf(info);
  object->info.dlpi_name = object->path;
  object->build_id = Copy(build_id);
  SetExtent(*object);
  object->identity = IdentityAt(object->start);
  object->key =
      HashBytes(HashBytes(1, object->path, TextLength(object->path)), object->build_id.data(), object->build_id.size());
  NoticePython(*object);
  object->next = g_objects.load(std::memory_order_relaxed);
  while (!g_objects.compare_exchange_weak(object->next, object, std::memory_order_acq_rel)) {
  }
}

int AddListed(dl_phdr_info* info, size_t, void*) {
  AddObject(*info);
  return 0;
}

void MarkGone(LoadedObject& object) {
  if (!object.gone.exchange(true, std::memory_order_relaxed)) g_generation.fetch_add(1, std::memory_order_acq_rel);
}

bool Vanished(const LoadedObject& object) {
  return object.identity != nullptr && IdentityAt(object.start) != object.identity;
}

}  // namespace

void ListLoadedObjects() {
  dl_iterate_phdr(AddListed, nullptr);
  if (const LoadedObject* const own = FindLoadedObject(reinterpret_cast<uintptr_t>(&ListLoadedObjects))) {
    g_own_start = own->start;
    g_own_end = own->end;
  }
}

LoadedObject* FindLoadedObject(uintptr_t address) {
  for (LoadedObject* object = g_objects.load(std::memory_order_acquire); object != nullptr; object = object->next) {
    if (address >= object->start && address < object->end && !object->gone.load(std::memory_order_relaxed))
      return object;
  }
  return nullptr;
}

bool NoticeLoadedObject(uintptr_t address) {
  if (_dl_find_object == nullptr) return false;
  dl_find_object found;
  const bool is_known = _dl_find_object(reinterpret_cast<void*>(address), &found) == 0;
  if (LoadedObject* const listed = FindLoadedObject(address)) {
    if (listed->identity == nullptr || (is_known && listed->identity == found.dlfo_link_map)) return false;
    MarkGone(*listed);  // by libc itself, perhaps: its tables may be unmapped
  }
  if (!is_known) return false;
  const auto* const header = static_cast<const ElfW(Ehdr)*>(found.dlfo_map_start);
  if (!TextStarts(reinterpret_cast<const char*>(header->e_ident), ELFMAG)) return false;
  dl_phdr_info info = {};
  info.dlpi_addr = found.dlfo_link_map->l_addr;
  info.dlpi_name = found.dlfo_link_map->l_name;
  info.dlpi_phdr = reinterpret_cast<const ElfW(Phdr)*>(reinterpret_cast<const char*>(header) + header->e_phoff);
  info.dlpi_phnum = header->e_phnum;
  AddObject(info);
  g_generation.fetch_add(1, std::memory_order_acq_rel);
  return true;
}

bool IsLoaded(const char* name_start) {
  for (const LoadedObject* object = g_objects.load(std::memory_order_acquire); object != nullptr;
       object = object->next) {
    const char* name = object->path;
    for (const char* at = object->path; *at != '\0'; ++at) {
      if (*at == '/') name = at + 1;
    }
    if (TextStarts(name, name_start) && !object->gone.load(std::memory_order_relaxed)) return true;
  }
  return false;
}

void DropUnloadedObjects() {
  for (LoadedObject* object = g_objects.load(std::memory_order_acquire); object != nullptr; object = object->next) {
    if (!object->gone.load(std::memory_order_relaxed) && Vanished(*object)) MarkGone(*object);
  }
}

uint32_t LoadGeneration() { return g_generation.load(std::memory_order_acquire); }

const char* ProgramPath() { return g_program; }

bool IsOurs(uintptr_t address) { return address >= g_own_start && address < g_own_end; }

}  // namespace fdtrace
