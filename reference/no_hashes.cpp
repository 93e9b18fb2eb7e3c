// Stands in for hashes.cpp in a build without OpenSSL.
#include <stdexcept>

#include "reference/hashes.hpp"
#include "reference/login.hpp"

namespace reference::hashes {

bool usable(std::string_view, std::string& why) {
    why = "cannot be checked: this build has no hashing (-DMQTTSPEC_TLS=OFF)";
    return false;
}
bool matches(std::string_view, std::string_view) { return false; }
double draw(std::string_view, std::string_view) { return 0; }
std::string digest(std::string_view) { return {}; }
std::string make_scram(std::string_view password) { return make(password); }
std::string make(std::string_view) { throw std::runtime_error("this build has no hashing (-DMQTTSPEC_TLS=OFF)"); }

}  // namespace reference::hashes

namespace reference {

std::map<std::string, Authenticator, std::less<>> LoginFile::authenticators() const { return {}; }

}  // namespace reference
