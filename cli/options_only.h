#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace fdtrace {

// CLI11 lays out the options alone: our usages are shorter than what it would make.
class OptionsOnly : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode mode) const override {
    return make_groups(app, mode);
  }
};

}  // namespace fdtrace
