// Any messages at the door of a session: who does not have the cookie is never heard. A byte of what is done (1: the
// cookie is put where it belongs, 2: the caller hangs up at once, 4: time passes), one for the length, the message.
#include <cstdlib>

#include "collector/session_greeter.h"
#include "collector/session_testing.h"
#include "fuzz/input.h"

namespace fdtrace {
namespace {

constexpr size_t kCookieAt = offsetof(Hello, cookie);

std::string WithCookie(std::string message, const Greeter& greeter) {
  const std::string cookie = greeter.variable().substr(greeter.variable().find(':') + 1);
  if (message.size() >= kCookieAt + kCookieBytes) message.replace(kCookieAt, kCookieBytes, cookie);
  return message;
}

void Step(Input& input, Greeter& greeter, int64_t& now_ns) {
  const auto what = input.Take<uint8_t>();
  const std::string text = input.TakeText();
  const std::string message = (what & 1) != 0 ? WithCookie(text, greeter) : text;
  const int connection = Connect(greeter.variable());
  if (connection < 0) abort();
  if (!message.empty()) send(connection, message.data(), message.size(), MSG_NOSIGNAL);
  if ((what & 2) != 0) close(connection);
  if ((what & 4) != 0) now_ns += kHelloLimitNs;
  greeter.Attend(now_ns, [&](Visitor& visitor) {
    if ((what & 1) == 0 || message.size() != sizeof(Hello) + visitor.image.size() ||
        visitor.hello.version != kProtocolVersion)
      abort();
    if (visitor.pid != getpid()) abort();
  });
  if ((what & 2) == 0) close(connection);
}

}  // namespace
}  // namespace fdtrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  static const auto greeter = fdtrace::Greeter::Open().value();
  static int64_t now_ns = 0;
  fdtrace::Input input(data, bytes);
  while (!input.empty()) fdtrace::Step(input, *greeter, now_ns);
  now_ns += fdtrace::kHelloLimitNs;
  greeter->Attend(now_ns, [](fdtrace::Visitor&) { abort(); });
  return 0;
}
