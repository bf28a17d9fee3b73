// The findings for GitLab's merge requests: a code quality report, docs.gitlab.com/ci/testing/code_quality. Pure.
#pragma once

#include <string>

#include "findings/locations.h"
#include "proto/report.pb.h"

namespace fdtrace {

// A JSON array of the findings with something left, most severe first. One without a line of source is shown at line 1
// of its module, since GitLab wants a path and a line. Bytes that are not UTF-8 are replaced.
std::string RenderGitlab(const Report& report, const FormOptions& options);

}  // namespace fdtrace
