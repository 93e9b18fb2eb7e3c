#include "conformance/run_options.hpp"

namespace conformance {

std::string Target::url() const {
    if (embedded) return "embedded";
    std::string login_text;
    if (login.user_name) login_text = *login.user_name + (login.password ? ":***@" : "@");
    const std::string begin = std::string(net::scheme(transport)) + "://" + login_text;
    if (transport == net::Transport::unix_socket) return begin + path;
    const bool v6 = host.find(':') != std::string::npos;
    const std::string whole = begin + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
    if (!net::has_frames(transport)) return whole;
    return whole + (path.empty() ? std::string(net::default_path) : path);
}

}  // namespace conformance
