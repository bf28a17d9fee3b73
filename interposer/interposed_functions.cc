// The exported functions that interposed_functions.inc describes in full: each is one return.
//
// Built without -D_FILE_OFFSET_BITS=64 and without fortification: both would turn one name of the table into another.
#include "interposer/interposed_functions.h"

#include <cstdarg>

#include "interposer/effects.h"
#include "interposer/names.h"
#include "interposer/real_functions.h"
#include "interposer/shared_memory_path.h"
#include "interposer/undeclared.h"

extern "C" __attribute__((weak)) void pthread_testcancel();  // in another library before glibc 2.34

namespace fdtrace {
namespace {

int DirectoryDescriptor(DIR* directory) { return directory == nullptr ? -1 : ::dirfd(directory); }
// close() is where a thread may be cancelled, and then it closes nothing: that is to happen before we say it did.
int AfterCancellation(int fd) {
  if (pthread_testcancel != nullptr) pthread_testcancel();
  return fd;
}
template <typename Walk>
int WalkDescriptor(Walk* walk) {
  return walk == nullptr ? -1 : walk->fts_rfd;
}

template <typename Call>
auto Hid(Row row, Hidden family, Call call) {
  HiddenOpening opening(family);
  if constexpr (std::is_void_v<decltype(call())>) {
    call();
    opening.Done(row);
  } else {
    const auto result = call();
    opening.Done(row);
    return result;
  }
}

template <typename Call>
auto Unhid(Row row, Hidden family, Call call) {
  if constexpr (std::is_void_v<decltype(call())>) {
    call();
    HiddenClosed(row, family);
  } else {
    const auto result = call();
    HiddenClosed(row, family);
    return result;
  }
}

template <typename Call>
auto ClosedRange(Row row, unsigned first, unsigned last, bool closes, Call call) {
  if (closes) RecordClosingRange(row, first, last);
  return call();
}

}  // namespace
}  // namespace fdtrace

using namespace fdtrace;  // NOLINT: the table's own words, in a file that holds nothing else

// The return type of a name as its header declares it.
template <typename Function>
struct ReturnOf;
template <typename Result, typename... Parameters>
struct ReturnOf<Result(Parameters...)> {
  using Type = Result;
};
template <typename Result, typename... Parameters>
struct ReturnOf<Result(Parameters...) noexcept> {
  using Type = Result;
};
template <typename Result, typename... Parameters>
struct ReturnOf<Result(Parameters..., ...)> {
  using Type = Result;
};

// The mode that follows `last`. Reading it where the caller passed none is harmless: it is then in a register that the
// real function ignores just as it would have ignored the caller's.
#define MODE_AFTER(last)                             \
  ({                                                 \
    va_list rest;                                    \
    va_start(rest, last);                            \
    const mode_t mode_passed = va_arg(rest, mode_t); \
    va_end(rest);                                    \
    mode_passed;                                     \
  })

#define REAL(name) Real<decltype(::name)>(Row::name)
#define FUNCTION(name, params) FDTRACE_EXPORT typename ReturnOf<decltype(::name)>::Type name params

#define CREATES(resource, name, params, args) \
  FUNCTION(name, params) { return Created(Row::name, REAL(name) args); }
#define CREATES_BY(resource, name, params, args, fd) \
  FUNCTION(name, params) { return Created(Row::name, REAL(name) args, Given::Used(fd)); }
#define OPENS(resource, name, params, args, opening)                    \
  FUNCTION(name, params) {                                              \
    return Opened(Row::name, opening, [&] { return REAL(name) args; }); \
  }
#define OPENS_MODE(resource, name, params, args, last, opening)         \
  FUNCTION(name, params) {                                              \
    const mode_t mode = MODE_AFTER(last);                               \
    return Opened(Row::name, opening, [&] { return REAL(name) args; }); \
  }
#define CREATES_PAIR(resource, name, params, args, a, b) \
  FUNCTION(name, params) { return CreatedPair(Row::name, REAL(name) args, a, b); }
#define OPENS_STREAM(resource, name, params, args, opening, of)                                        \
  FUNCTION(name, params) {                                                                             \
    return OpenedStream(                                                                               \
        Row::name, opening, [](auto* object) { return of(object); }, [&] { return REAL(name) args; }); \
  }
#define CREATES_HIDDEN(resource, name, params, args, family)        \
  FUNCTION(name, params) {                                          \
    return Hid(Row::name, family, [&] { return REAL(name) args; }); \
  }
#define DUPLICATES(name, params, args, source)                             \
  FUNCTION(name, params) {                                                 \
    return Duplicated(Row::name, source, [&] { return REAL(name) args; }); \
  }
#define DUPLICATES_OVER(name, params, args, source, target)                            \
  FUNCTION(name, params) {                                                             \
    return DuplicatedOver(Row::name, source, target, [&] { return REAL(name) args; }); \
  }
#define REOPENS_STREAM(name, params, args, opening, stream)                             \
  FUNCTION(name, params) {                                                              \
    return ReopenedStream(Row::name, opening, stream, [&] { return REAL(name) args; }); \
  }
#define ADOPTS(name, params, args, fd) \
  FUNCTION(name, params) { return Adopted(Row::name, fd, REAL(name) args); }
#define CLOSES(name, params, args, fd)                             \
  FUNCTION(name, params) {                                         \
    return Closed(Row::name, fd, [&] { return REAL(name) args; }); \
  }
#define CLOSES_STREAM(name, params, args, stream)                            \
  FUNCTION(name, params) {                                                   \
    return ClosedStream(Row::name, stream, [&] { return REAL(name) args; }); \
  }
#define CLOSES_RANGE(name, params, args, first, last, closes)                            \
  FUNCTION(name, params) {                                                               \
    return ClosedRange(Row::name, first, last, closes, [&] { return REAL(name) args; }); \
  }
#define CLOSES_HIDDEN(name, params, args, family)                     \
  FUNCTION(name, params) {                                            \
    return Unhid(Row::name, family, [&] { return REAL(name) args; }); \
  }
#define UNLINKS(name, params, args, directory, path)                              \
  FUNCTION(name, params) {                                                        \
    return Unlinked(Row::name, directory, path, [&] { return REAL(name) args; }); \
  }
#define RENAMES(name, params, args, renaming)                             \
  FUNCTION(name, params) {                                                \
    return Renamed(Row::name, renaming, [&] { return REAL(name) args; }); \
  }
#define LINKS(name, params, args, linking)                              \
  FUNCTION(name, params) {                                              \
    return Linked(Row::name, linking, [&] { return REAL(name) args; }); \
  }
#define CAN_FAIL(name, params, args, given)                                 \
  FUNCTION(name, params) {                                                  \
    return OrFailed(                                                        \
        Row::name, [&] { return REAL(name) args; }, [&] { return given; }); \
  }
#define OTHER(resource, name)

#include "interposer/interposed_functions.inc"
