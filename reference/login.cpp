#include "reference/login.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "reference/hashes.hpp"

namespace reference {
namespace {

std::string read_text(const std::string& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    if (!file.is_open()) throw FileFault(path + ": cannot be read: " + std::strerror(errno));
    text << file.rdbuf();
    if (file.bad() || (errno && text.str().empty()))
        throw FileFault(path + ": cannot be read: " + std::strerror(errno));
    return text.str();
}

}  // namespace

bool can_hash() {
#ifdef MQTTSPEC_HASHING
    return true;
#else
    return false;
#endif
}

std::string hash_password(std::string_view password, HashKind kind) {
    return kind == HashKind::scrypt ? hashes::make(password) : hashes::make_scram(password);
}

LoginFile LoginFile::read(const std::string& path) { return parse(read_text(path), path); }

LoginFile LoginFile::parse(std::string_view text, const std::string& path) {
    LoginFile out;
    std::istringstream lines{std::string(text)};
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (line.ends_with('\r')) line.pop_back();
        if (line.empty() || line[0] == '#') continue;
        const std::string where = path + ":" + std::to_string(number) + ": ";
        const auto colon = line.find(':');
        if (colon == std::string::npos || colon == 0) throw FileFault(where + "has to be USER:HASH");
        const std::string user = line.substr(0, colon), hash = line.substr(colon + 1);
        if (std::string why; !hashes::usable(hash, why))
            throw FileFault(where + "the password of \"" + user + "\" " + why);
        if (!out.hashes_.emplace(user, hash).second) throw FileFault(where + "user \"" + user + "\" stands twice");
        out.stand_ins_.push_back(hash);
    }
    out.secret_ = hashes::digest(text);
    return out;
}

bool LoginFile::admits(std::string_view user_name, std::string_view password) const {
    const auto found = hashes_.find(user_name);
    const bool known = found != hashes_.end();
    const std::string& other = stand_in(user_name);
    const bool right = hashes::matches(known ? found->second : other, password);
    return known && right;
}

const std::string& LoginFile::stand_in(std::string_view user_name) const {
    static const std::string none;
    if (stand_ins_.empty()) return none;
    const auto at = hashes::draw(secret_, user_name) * static_cast<double>(stand_ins_.size());
    return stand_ins_[std::min(static_cast<std::size_t>(at), stand_ins_.size() - 1)];
}

std::function<Admission(const Credentials&)> LoginFile::hook(bool anonymous) const {
    return [logins = *this, anonymous](const Credentials& c) {
        if (!c.user_name) return anonymous ? Admission::granted : Admission::not_authorized;
        return logins.admits(*c.user_name, c.password.value_or("")) ? Admission::granted : Admission::bad_login;
    };
}

AclFile AclFile::read(const std::string& path) { return parse(read_text(path), path); }

}  // namespace reference
