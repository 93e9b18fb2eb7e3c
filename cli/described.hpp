// The command line, described by itself: what shells complete, and the manual page.
#pragma once
#include <CLI/CLI.hpp>
#include <string>

namespace cli {

/// A script for "bash". Throws UsageError for another shell.
std::string completion(const CLI::App& program, const std::string& shell);
/// The manual page in man(7), section 1.
std::string manual(const CLI::App& program, const std::string& version);

}  // namespace cli
