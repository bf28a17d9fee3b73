// Makes the form of a report that CI systems read, of a Report given as JSON: `render_form FORM ROOT`, stdin to stdout.
// Every finding of the JSON is made anew; those with something left fail.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <map>
#include <string>

#include "findings/finding.h"
#include "findings/github.h"
#include "findings/gitlab.h"
#include "findings/junit.h"
#include "findings/markdown.h"
#include "findings/sarif.h"
#include "google/protobuf/util/json_util.h"

int main(int count, char** words) {
  using Form = std::string (*)(const fdtrace::Report&, const fdtrace::FormOptions&);
  const std::map<std::string, Form> forms = {
      {"sarif", fdtrace::RenderSarif},   {"junit", fdtrace::RenderJunit},         {"github", fdtrace::RenderGithub},
      {"gitlab", fdtrace::RenderGitlab}, {"summary", fdtrace::RenderStepSummary},
  };
  if (count != 3 || forms.count(words[1]) == 0) {
    std::cerr << "Usage: render_form sarif|junit|github|gitlab|summary ROOT\n";
    return 1;
  }
  const std::string json((std::istreambuf_iterator<char>(std::cin)), {});
  fdtrace::Report report;
  if (const auto status = google::protobuf::util::JsonStringToMessage(json, &report); !status.ok()) {
    std::cerr << "render_form: cannot read the report: " << status.ToString() << "\n";
    return 1;
  }
  fdtrace::AddFindings(report);
  for (fdtrace::Finding& finding : *report.mutable_findings()) finding.set_fails(finding.left() > 0);
  std::cout << forms.at(words[1])(report, {.source_root = words[2]});
}
