// Who may connect, and what with: login files and ACL files, as mosquitto's users know them. Hooks for Settings.
// Without TLS (-DMQTTSPEC_TLS=OFF) there is no OpenSSL and no hashing: login files are refused, ACL files work.
#pragma once
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "reference/settings.hpp"

namespace reference {

/// A file that cannot be read or says what it may not; the text names file and line.
struct FileFault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// True where hashes can be made and checked.
bool can_hash();
/// With a fresh random salt, base64: "$scrypt$LOGN$R$P$SALT$HASH", which takes some 50 ms and 16 MiB to check, or
/// "$scram-sha-256$ITERATIONS$SALT$STOREDKEY$SERVERKEY", which serves SCRAM as well as passwords in clear.
enum class HashKind { scrypt, scram };
/// Throws std::runtime_error where can_hash() is false; std::invalid_argument for a scram password that is not ASCII
/// without control characters (SASLprep would change it, and is not built in).
std::string hash_password(std::string_view password, HashKind kind = HashKind::scrypt);

/// Lines of `user:hash`; `#` starts a comment. Hashes: ours, and mosquitto_passwd's $6$ (SHA-512) and $7$ (PBKDF2).
class LoginFile {
public:
    /// Throws FileFault.
    static LoginFile read(const std::string& path);
    static LoginFile parse(std::string_view text, const std::string& path);

    /// Takes as long for a user that is not there as for a wrong password: see stand_in(). Compares in constant time.
    bool admits(std::string_view user_name, std::string_view password) const;
    std::size_t size() const { return hashes_.size(); }
    /// The hash that is checked for a user that is not there: of some user, the same each time. Where kinds are mixed,
    /// absent users so take the times of present ones, in the same proportions, and no time tells them apart.
    const std::string& stand_in(std::string_view user_name) const;
    /// Settings::login: bad_login for what is not admitted; no user name at all: as `anonymous` says.
    std::function<Admission(const Credentials&)> hook(bool anonymous) const;
    /// Settings::authenticators: SCRAM-SHA-256 where an entry is good for it, or none. Whether a user is there is not
    /// told: absent ones get a salt and a count that are the same each time.
    std::map<std::string, Authenticator, std::less<>> authenticators() const;

private:
    std::map<std::string, std::string, std::less<>> hashes_;
    std::vector<std::string> stand_ins_;
    std::string secret_;  // of the whole file: stand-ins stay as they are while it does
};

/// mosquitto's acl_file: `user NAME`, `topic [read|write|readwrite|deny] FILTER`, `pattern [...] FILTER` with %c and %u.
/// Topics before the first `user` hold for anonymous clients, patterns for everybody. What no line allows is denied;
/// a deny that matches beats every allow.
class AclFile {
public:
    /// Throws FileFault.
    static AclFile read(const std::string& path);
    static AclFile parse(std::string_view text, const std::string& path);

    /// Publishing: a write line matches the name. Subscribing: a read line takes in every topic the filter does, and no
    /// deny line has a topic in common with it (deliveries are not checked one by one, so a part cannot be held back).
    /// A shared subscription counts as its filter.
    bool allows(const Request&) const;
    /// Settings::allowed.
    std::function<bool(const Request&)> hook() const;

private:
    enum class Access { read, write, readwrite, deny };
    struct Rule {
        Access access;
        std::string filter;
        bool is_pattern;
        std::optional<std::string> user;  // of a topic line; none: anonymous clients
    };
    static Rule parse_rule(std::string_view line, const std::string& where);
    static bool concerns(const Rule&, const Request&);
    std::vector<Rule> rules_;
};

}  // namespace reference
