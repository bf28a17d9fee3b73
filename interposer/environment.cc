#include "interposer/environment.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "interposer/memory.h"
#include "interposer/raw_syscall.h"
#include "interposer/readable_address.h"
#include "interposer/seccomp.h"
#include "interposer/seccomp_calls.h"
#include "interposer/text.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

constexpr size_t kMaxPointers = 2048;
constexpr size_t kMaxText = 8192;

enum class Place { kFirst, kLast, kAlone };

// An entry "NAME=…" that must have PART among what else it holds.
struct OwnEntry {
  const char* name;  // with its "="
  Place place;
  const char* part = "";
};
constinit OwnEntry g_preload = {.name = "LD_PRELOAD=", .place = Place::kFirst};
constinit OwnEntry g_session = {.name = "FDTRACE_SESSION=", .place = Place::kAlone};
static_assert(std::string_view("FDTRACE_SESSION=").starts_with(kSessionVariable));
// gcc's AddressSanitizer wants to be the first library, unless told otherwise.
constinit OwnEntry g_sanitizer = {.name = "ASAN_OPTIONS=", .place = Place::kLast};
const std::array<const OwnEntry*, 3> kOwn = {&g_preload, &g_session, &g_sanitizer};

constexpr char kLibraryName[] = "/libfdtrace.so";
constexpr char kLinkOrder[] = "verify_asan_link_order=0";

// The parts, one after the other: most are short, and of a large room few pages are ever touched.
FDTRACE_LARGE constinit char g_parts[2 * PATH_MAX] = {};
constinit size_t g_parts_bytes = 0;

const char* Find(char* const* environment, const char* name) {
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    if (TextStarts(*environment, name)) return *environment + TextLength(name);
  }
  return nullptr;
}

constinit std::atomic<bool> g_forgotten{false};

// ldd's way: the loader lists the libraries and runs nothing. Ours would be in the list, and in what is made from it.
bool IsOnlyListed(char* const* environment) {
  const char* const value = Find(environment, "LD_TRACE_LOADED_OBJECTS=");
  return value != nullptr && *value != '\0';
}

// Our library is not to be in the program: its hello would kill it (a vfork child may be confined while its parent,
// whose memory it is, is not), or the loader would complain of not finding it, as after chroot, or would name it.
bool IsWithheld(char* const* environment) {
  return IsOnlyListed(environment) || g_forgotten.load(std::memory_order_relaxed) || !HelloIsPermitted() ||
         Failed(RawSyscall(SYS_faccessat, AT_FDCWD, reinterpret_cast<long>(g_preload.part), R_OK));
}

bool IsSeparator(char c) { return c == ':' || c == ' ' || c == ','; }

// Is PART among the words of VALUE?
bool Contains(const char* value, const char* part) {
  const size_t length = TextLength(part);
  for (const char* word = value; *word != '\0';) {
    if (TextStarts(word, part) && (word[length] == '\0' || IsSeparator(word[length]))) return true;
    while (*word != '\0' && !IsSeparator(*word)) ++word;
    while (IsSeparator(*word)) ++word;
  }
  return false;
}

bool IsComplete(const OwnEntry& own, const char* value, bool withheld) {
  if (withheld && own.place == Place::kLast) return true;
  const bool has =
      value != nullptr && (own.place == Place::kAlone ? TextEquals(value, own.part) : Contains(value, own.part));
  return has != withheld;
}

// Where it cannot be asked whether memory can be read, the program is trusted.
bool MayRead(const void* address) { return !MayCall(OurCall::kTestAddress) || IsReadable(address); }

// The first `limit` bytes of a text, or as many as it has.
bool TextIsReadable(const char* text, size_t limit) {
  for (size_t at = 0; at < limit; ++at) {
    const bool first_of_page = reinterpret_cast<uintptr_t>(text + at) % kPageBytes == 0;
    if ((at == 0 || first_of_page) && !MayRead(text + at)) return false;
    if (text[at] == '\0') return true;
  }
  return true;
}

// As far as we are going to read it. What cannot be read is for the kernel to refuse.
bool EnvironmentIsReadable(char* const* environment) {
  constexpr size_t kLongestName = sizeof "LD_TRACE_LOADED_OBJECTS=";
  for (size_t i = 0; i < kMaxPointers; ++i) {
    const bool first_of_page = reinterpret_cast<uintptr_t>(environment + i) % kPageBytes < sizeof(char*);
    if ((i == 0 || first_of_page) && !MayRead(environment + i)) return false;
    if (environment[i] == nullptr) return true;
    if (!TextIsReadable(environment[i], kLongestName)) return false;
    for (const OwnEntry* own : kOwn) {
      if (TextStarts(environment[i], own->name) && !TextIsReadable(environment[i], kMaxText)) return false;
    }
  }
  return false;
}

void Keep(OwnEntry& own, const char* part, size_t length) {
  if (length >= sizeof g_parts - g_parts_bytes) return;
  char* const kept = g_parts + g_parts_bytes;
  std::memcpy(kept, part, length);  // what follows is zero
  g_parts_bytes += length + 1;
  own.part = kept;
}

// The first word of VALUE that ends in our library's name.
void KeepLibrary(const char* value) {
  const size_t name_length = TextLength(kLibraryName);
  while (*value != '\0') {
    size_t length = 0;
    while (value[length] != '\0' && !IsSeparator(value[length])) ++length;
    if (length > name_length && TextStarts(value + length - name_length, kLibraryName)) {
      return Keep(g_preload, value, length);
    }
    value += length;
    while (IsSeparator(*value)) ++value;
  }
}

char* Append(char* to, const char* text) {
  const size_t length = TextLength(text);
  std::memcpy(to, text, length);
  return to + length;
}

// "NAME=part:value" or "NAME=value:part". Returns what follows the text.
char* Give(char* to, const OwnEntry& own, const char* value) {
  const bool others = value != nullptr && *value != '\0';
  to = Append(to, own.name);
  if (others && own.place == Place::kLast) to = Append(Append(to, value), ":");
  to = Append(to, own.part);
  if (others && own.place == Place::kFirst) to = Append(Append(to, ":"), value);
  *to = '\0';
  return to + 1;
}

// "NAME=" and the words of the value that are not ours.
char* Withhold(char* to, const OwnEntry& own, const char* value) {
  to = Append(to, own.name);
  const size_t part = TextLength(own.part);
  for (bool first = true; *value != '\0';) {
    size_t length = 0;
    while (value[length] != '\0' && !IsSeparator(value[length])) ++length;
    const bool is_ours = own.place == Place::kAlone || (length == part && TextStarts(value, own.part));
    if (!is_ours && length != 0) {
      if (!first) *to++ = ':';
      std::memcpy(to, value, length);
      to += length;
      first = false;
    }
    value += length;
    while (IsSeparator(*value)) ++value;
  }
  *to = '\0';
  return to + 1;
}

}  // namespace

void ReadOwnEnvironment(char* const* environment) {
  const char* const preload = Find(environment, g_preload.name);
  const char* const session = Find(environment, g_session.name);
  if (preload == nullptr || session == nullptr) return;
  KeepLibrary(preload);
  Keep(g_session, session, TextLength(session));
  g_sanitizer.part = kLinkOrder;
}

// libc runs the programs of system and popen with the environment that it finds: so it is emptied of ours in its place.
void ForgetSession() {
  g_forgotten.store(true, std::memory_order_relaxed);
  const char* const session = Find(environ, g_session.name);
  if (session != nullptr && TextEquals(session, g_session.part)) *const_cast<char*>(session) = '\0';
}

internal::EnvironmentPlan internal::PlanEnvironment(char* const* environment) {
  EnvironmentPlan plan;
  if (g_preload.part[0] == '\0') return plan;
  if (environment != nullptr && environment != environ && !EnvironmentIsReadable(environment)) return plan;
  plan.withholds = IsWithheld(environment);
  bool complete = true;
  for (const OwnEntry* own : kOwn) {
    const char* const value = Find(environment, own->name);
    // That of a recording within ours: its processes are its own.
    if (own == &g_session && value != nullptr && *value != '\0' && !TextEquals(value, own->part)) return {};
    complete = complete && IsComplete(*own, value, plan.withholds);
    plan.text_bytes += TextLength(own->name) + TextLength(own->part) + 2;
    if (value != nullptr) plan.text_bytes += TextLength(value);
  }
  if (complete) return {};
  plan.pointers = kOwn.size() + 1;
  for (size_t i = 0; environment != nullptr && environment[i] != nullptr; ++i) ++plan.pointers;
  return plan.pointers > kMaxPointers || plan.text_bytes > kMaxText ? EnvironmentPlan() : plan;
}

void internal::FillEnvironment(char* const* environment, const EnvironmentPlan& plan, char** pointers, char* text) {
  bool placed[kOwn.size()] = {};
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    *pointers = *environment;
    for (size_t i = 0; i < kOwn.size(); ++i) {
      if (placed[i] || !TextStarts(*environment, kOwn[i]->name)) continue;
      placed[i] = true;
      const char* const value = *environment + TextLength(kOwn[i]->name);
      if (IsComplete(*kOwn[i], value, plan.withholds)) continue;
      *pointers = text;
      text = plan.withholds ? Withhold(text, *kOwn[i], value) : Give(text, *kOwn[i], value);
      // What was ours alone is not there at all.
      if (plan.withholds && TextEquals(*pointers, kOwn[i]->name)) *pointers = nullptr;
    }
    if (*pointers != nullptr) ++pointers;
  }
  for (size_t i = 0; i < kOwn.size() && !plan.withholds; ++i) {
    if (placed[i]) continue;
    *pointers++ = text;
    text = Give(text, *kOwn[i], nullptr);
  }
  *pointers = nullptr;
}

}  // namespace fdtrace
