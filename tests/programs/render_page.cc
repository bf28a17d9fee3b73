// Makes the HTML report of a Report given as JSON: stdin to stdout.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include "google/protobuf/util/json_util.h"
#include "viewer/html.h"

int main() {
  const std::string json((std::istreambuf_iterator<char>(std::cin)), {});
  fdtrace::Report report;
  if (const auto status = google::protobuf::util::JsonStringToMessage(json, &report); !status.ok()) {
    std::cerr << "render_page: cannot read the report: " << status.ToString() << "\n";
    return 1;
  }
  const auto page = fdtrace::RenderHtml(report);
  if (!page.ok()) {
    std::cerr << "render_page: " << page.status() << "\n";
    return 1;
  }
  std::cout << *page;
}
