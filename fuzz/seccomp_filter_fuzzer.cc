// Any instructions as a seccomp filter, run on any call: instructions of eight bytes after the call.
#include <vector>

#include "fuzz/input.h"
#include "interposer/seccomp_filter.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  fdtrace::Input input(data, bytes);
  const auto call = input.Take<seccomp_data>();
  std::vector<sock_filter> filter;
  while (!input.empty()) filter.push_back(input.Take<sock_filter>());
  fdtrace::RunFilter(filter, call);
  return 0;
}
