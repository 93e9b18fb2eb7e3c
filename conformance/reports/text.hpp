// Text that is fit to be printed, whatever a broker sent.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

namespace conformance {

/// Control characters (newlines too, and those that turn the direction of writing) and ill-formed UTF-8 as \xNN: one line, harmless to terminals, XML and JSON.
std::string printable(std::string_view);
/// As one word of a shell command.
std::string shell_quoted(std::string_view);
/// "2026-01-01T00:00:00Z"
std::string iso_time(std::chrono::system_clock::time_point);
/// "1 case", "2 cases".
std::string counted(std::size_t n, std::string_view noun);

}  // namespace conformance
