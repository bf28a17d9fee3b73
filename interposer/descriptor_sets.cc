// select and its sets. An fd_set ends before FD_SETSIZE: of a descriptor that is larger, select and FD_SET use memory
// beside it, unless the program has made itself a larger set, which cannot be told from here. So what counts is that
// such a descriptor was asked for and is open: what lies beside a set by chance rarely is.
#include <sys/select.h>

#include <algorithm>

#include "interposer/descriptors.h"
#include "interposer/failures.h"
#include "interposer/interposed_functions.h"
#include "interposer/raw_syscall.h"
#include "interposer/readable_address.h"
#include "interposer/real_functions.h"
#include "interposer/seccomp_calls.h"
#include "interposer/undeclared.h"

namespace fdtrace {
namespace {

using Sets = std::initializer_list<const fd_set*>;

constexpr int kBitsPerWord = NFDBITS;
constexpr int kMaxDescriptors = 1 << 20;  // fs.nr_open; the kernel too looks at no more than may be open

const uint64_t* WordOf(const fd_set* set, int fd) { return reinterpret_cast<const uint64_t*>(set) + fd / kBitsPerWord; }

// What is asked for may lie beyond the set, where there need not be memory: up to which word is there some?
const uint64_t* ReadableEnd(const fd_set* set, int from, int count) {
  if (set == nullptr) return nullptr;
  const auto begin = reinterpret_cast<uintptr_t>(WordOf(set, from));
  const auto end = reinterpret_cast<uintptr_t>(WordOf(set, count - 1) + 1);
  uintptr_t known = begin;
  while (known < end && IsReadable(reinterpret_cast<const void*>(known))) known = (known | (kPageBytes - 1)) + 1;
  return WordOf(set, from) + (std::min(known, end) - begin) / sizeof(uint64_t);
}

// The first in [from, COUNT) that is in one of the sets and is open, or is not, as IS_OPEN says; -1: none. FROM is the
// first of a word.
int FirstOf(Sets sets, int from, int count, bool is_open) {
  count = std::min(count, kMaxDescriptors);
  int first = -1;
  for (const fd_set* const set : sets) {
    const uint64_t* const end = ReadableEnd(set, from, count);
    for (int at = from; at < count && end != nullptr && WordOf(set, at) < end; at += kBitsPerWord) {
      for (uint64_t word = *WordOf(set, at); word != 0; word &= word - 1) {
        const int fd = at + __builtin_ctzll(word);
        if (fd >= count || (first >= 0 && fd >= first)) break;
        if ((RawSyscall(SYS_fcntl, fd, F_GETFD) >= 0) == is_open) first = fd;
      }
    }
  }
  return first;
}

// CALL is the real one. The sets tell what was asked for only before it.
template <typename Call>
int Selected(Row row, int count, Sets sets, Call call) {
  if (count > FD_SETSIZE && MayCall(OurCall::kDescriptorFlags)) [[unlikely]] {
    const int beyond = FirstOf(sets, FD_SETSIZE, count, true);
    if (beyond >= 0) RecordBeyondSet(row, beyond);
  }
  const int result = call();
  if (result < 0 && errno == EBADF && MayCall(OurCall::kDescriptorFlags)) [[unlikely]] {
    RecordFailure(row, EBADF, Given::Used(FirstOf(sets, 0, std::min(count, FD_SETSIZE), false)));
  }
  return result;
}

// What FD_SET, FD_CLR and FD_ISSET check their descriptor by, with -D_FORTIFY_SOURCE; libc ends the program.
void Checked(Row row, long fd) {
  if (fd >= FD_SETSIZE && fd < kMaxDescriptors) [[unlikely]]
    RecordBeyondSet(row, static_cast<int>(fd));
}

}  // namespace
}  // namespace fdtrace

using namespace fdtrace;  // NOLINT

#define REAL(name) Real<decltype(::name)>(Row::name)

FDTRACE_EXPORT int select(int count, fd_set* reads, fd_set* writes, fd_set* others, timeval* wait) {
  return Selected(Row::select, count, {reads, writes, others},
                  [&] { return REAL(select)(count, reads, writes, others, wait); });
}
FDTRACE_EXPORT int __select(int count, fd_set* reads, fd_set* writes, fd_set* others, timeval* wait) {
  return Selected(Row::__select, count, {reads, writes, others},
                  [&] { return REAL(__select)(count, reads, writes, others, wait); });
}
FDTRACE_EXPORT int pselect(int count, fd_set* reads, fd_set* writes, fd_set* others, const timespec* wait,
                           const sigset_t* mask) {
  return Selected(Row::pselect, count, {reads, writes, others},
                  [&] { return REAL(pselect)(count, reads, writes, others, wait, mask); });
}
FDTRACE_EXPORT long __fdelt_chk(long fd) {
  Checked(Row::__fdelt_chk, fd);
  return REAL(__fdelt_chk)(fd);
}
FDTRACE_EXPORT long __fdelt_warn(long fd) {
  Checked(Row::__fdelt_warn, fd);
  return REAL(__fdelt_warn)(fd);
}
