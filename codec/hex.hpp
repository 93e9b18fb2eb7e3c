// Octets as people read them.
#pragma once
#include <optional>
#include <string>

#include "codec/words.hpp"

namespace mqtt {

/// "30 05 00 01 61": two digits an octet, lower case; more than `most` octets are cut with "... (N octets)".
std::string hex(View, std::size_t most = SIZE_MAX);
/// "0x0a": as many octets as it takes.
std::string hex_number(std::uint32_t);
/// Reads hex digits; blanks, commas, colons and line ends between octets are skipped, as is a leading 0x.
/// nullopt: an odd number of digits or another character.
std::optional<std::string> from_hex(std::string_view);
/// Octets of a control character beyond ASCII at the start of well-formed UTF-8: U+0080 to U+009F, and those that turn
/// the direction of writing or end a line; a terminal would obey them. 0: there is none.
std::size_t control(Text);
/// In double quotes, with \", \\, \n, \r, \t and \xNN for what cannot be shown; UTF-8 stays as it is where it is
/// well-formed, less control characters. More than `most` octets are cut with "... (N octets)".
std::string quoted(Bytes, std::size_t most = SIZE_MAX);

}  // namespace mqtt
