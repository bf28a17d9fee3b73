// How an interposed function is defined. Everything else in this library is hidden.
#pragma once

#define FDTRACE_EXPORT extern "C" __attribute__((visibility("default")))
