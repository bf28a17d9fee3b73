#include "viewer/page_template.h"

namespace fdtrace {

#ifdef FDTRACE_WITHOUT_PAGE

absl::string_view PageTemplate() { return {}; }

#else

namespace {

constexpr unsigned char kBytes[] = {
#include "page_bytes.inc"
};

}  // namespace

absl::string_view PageTemplate() { return {reinterpret_cast<const char*>(kBytes), sizeof kBytes}; }

#endif

}  // namespace fdtrace
