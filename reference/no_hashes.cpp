// Stands in for hashes.cpp in a build without OpenSSL.
#include <stdexcept>

#include "reference/hashes.hpp"

namespace reference::hashes {

bool usable(std::string_view, std::string& why) {
    why = "cannot be checked: this build has no hashing (-DMQTTSPEC_TLS=OFF)";
    return false;
}
bool matches(std::string_view, std::string_view) { return false; }
std::string make(std::string_view) { throw std::runtime_error("this build has no hashing (-DMQTTSPEC_TLS=OFF)"); }

}  // namespace reference::hashes
