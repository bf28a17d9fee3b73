// The findings for what shows test results: the XML that JUnit's Ant task writes. Pure.
#pragma once

#include <string>

#include "findings/locations.h"
#include "proto/report.pb.h"

namespace fdtrace {

// XML 1.0 in UTF-8. Where the recording has tests: a test case for each, that fails where it opened what a failing
// finding is about, and a second suite of the findings that belong to no test. Else a test case for each finding. A run
// without either passes one test case. Bytes that XML does not allow are shown as \xNN.
std::string RenderJunit(const Report& report, const FormOptions& options);

}  // namespace fdtrace
