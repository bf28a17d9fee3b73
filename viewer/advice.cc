#include "viewer/advice.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace fdtrace {
namespace {

// A function of Python's standard library or of a package that opens for its caller.
struct KnownFunction {
  absl::string_view file;      // how its path ends
  absl::string_view function;  // qualified, or a class and a dot for all its functions; empty: all of the file's
  absl::string_view advice;
};

// Of several on a stack, the first here that is.
constexpr KnownFunction kKnownFunctions[] = {
    {"/tempfile.py", "mkstemp",
     "mkstemp returns an open descriptor: close it with os.close, or use NamedTemporaryFile in a with block"},
    {"/tempfile.py", "", "a temporary file stays open until it is closed: use it in a with block"},
    {"/logging/__init__.py", "FileHandler.",
     "a logging handler keeps its file until it is closed: add it once, or removeHandler and close() it"},
    {"/logging/handlers.py", "",
     "a logging handler keeps its file or socket until it is closed: add it once, or removeHandler and close() it"},
    {"/asyncio/selector_events.py", "BaseSelectorEventLoop.",
     "an event loop has a selector and a pair of sockets: close() it, or let asyncio.run make and close it"},
    {"/asyncio/unix_events.py", "_UnixSelectorEventLoop.__init__",
     "an event loop has a selector and a pair of sockets: close() it, or let asyncio.run make and close it"},
    {"/asyncio/base_events.py", "BaseEventLoop.create_connection",
     "a stream keeps its socket: writer.close() and await writer.wait_closed()"},
    {"/multiprocessing/queues.py", "",
     "a multiprocessing queue has a pipe: close() and join_thread() it when it is done"},
    {"/multiprocessing/pool.py", "Pool.",
     "a pool has pipes to its workers: use it in a with block, or close() and join() it"},
    {"/concurrent/futures/process.py", "",
     "an executor has pipes to its workers: use it in a with block, or shutdown() it"},
    {"/multiprocessing/popen_fork.py", "",
     "a Process keeps a pipe to its child until it is closed: join() and close() it"},
    {"/multiprocessing/popen_spawn_posix.py", "",
     "a Process keeps a pipe to its child until it is closed: join() and close() it"},
    {"/multiprocessing/popen_forkserver.py", "",
     "a Process keeps a pipe to its child until it is closed: join() and close() it"},
    {"/multiprocessing/connection.py", "Pipe", "both ends of a multiprocessing Pipe stay open until each is close()d"},
    {"/selectors.py", "", "a selector has a descriptor of its own: close() it, or use it in a with block"},
    {"/subprocess.py", "Popen.",
     "a Popen keeps its pipes until they are closed: use it in a with block, or communicate() with it"},
    {"/urllib/request.py", "", "a response keeps its connection until it is closed: with urlopen(…) as response"},
    {"/urllib3/connectionpool.py", "",
     "a pool keeps its connections: use one Session for all requests, and close it or use it in a with block"},
    {"/http/client.py", "HTTPConnection.", "an HTTPConnection keeps its socket until it is close()d"},
    {"/ssl.py", "SSLSocket.", "an SSLSocket takes the descriptor over: it is the one to close()"},
    {"/zipfile.py", "ZipFile.", "a ZipFile keeps its file until it is closed: use it in a with block"},
    {"/zipfile/__init__.py", "ZipFile.", "a ZipFile keeps its file until it is closed: use it in a with block"},
    {"/tarfile.py", "", "a TarFile keeps its file until it is closed: use it in a with block"},
    {"/gzip.py", "", "a GzipFile keeps its file until it is closed: use it in a with block"},
    {"/shelve.py", "", "a shelf keeps its files until it is closed: use it in a with block"},
    {"/pathlib.py", "Path.open", "Path.open opens as open does: use it in a with block, or read_text and write_text"},
    {"/socketserver.py", "TCPServer.__init__",
     "a server keeps its socket until server_close(): use it in a with block"},
};

// The same where the code is native: by its module.
struct KnownModule {
  absl::string_view module;  // how its file name starts
  absl::string_view advice;
};
constexpr KnownModule kKnownModules[] = {
    {"_sqlite3.", "a with block commits a sqlite3 connection, and does not close it: close() it, or use closing()"},
    {"mmap.", "an mmap keeps a duplicate of its descriptor until it is closed: use it in a with block"},
};

bool Is(const Frame& frame, const KnownFunction& known) {
  if (frame.language() != Frame::PYTHON || !absl::EndsWith(frame.file(), known.file)) return false;
  if (absl::EndsWith(known.function, ".")) return absl::StartsWith(frame.function(), known.function);
  return known.function.empty() || frame.function() == known.function;
}

bool Is(const Frame& frame, const KnownModule& known) {
  return frame.language() == Frame::NATIVE && absl::StartsWith(Basename(frame.module()), known.module);
}

// Of the first that any of the frames is.
template <typename Table>
absl::string_view FirstAdvice(const Table& table, FrameSpan frames) {
  for (const auto& known : table) {
    if (std::any_of(frames.begin(), frames.end(), [&](const Frame* frame) { return Is(*frame, known); })) {
      return known.advice;
    }
  }
  return "";
}

}  // namespace

std::string AdviceOn(FrameSpan frames) {
  const bool has_python =
      std::any_of(frames.begin(), frames.end(), [](const Frame* frame) { return frame->language() == Frame::PYTHON; });
  if (!has_python) return "";
  const absl::string_view advice = FirstAdvice(kKnownFunctions, frames);
  return std::string(advice.empty() ? FirstAdvice(kKnownModules, frames) : advice);
}

}  // namespace fdtrace
