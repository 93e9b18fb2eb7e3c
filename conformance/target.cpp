#include "conformance/run_options.hpp"

namespace conformance {

std::string Target::url() const {
    if (embedded) return "embedded";
    std::string login_text;
    if (login.user_name) login_text = *login.user_name + (login.password ? ":***@" : "@");
    const bool v6 = host.find(':') != std::string::npos;
    return "mqtt://" + login_text + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace conformance
