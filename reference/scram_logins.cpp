// SCRAM-SHA-256 with the entries of a login file.
#include <algorithm>
#include <memory>

#include "reference/crypto.hpp"
#include "reference/hashes.hpp"
#include "reference/login.hpp"
#include "reference/scram.hpp"

namespace reference {
namespace {

struct Entries {
    std::map<std::string, scram::Entry, std::less<>> of;
    std::vector<scram::Entry> some;  // the same, to be drawn from
    std::string secret;

    scram::Found find(std::string_view user_name) const {
        const auto made_up = invent(user_name);
        const auto found = of.find(user_name);
        return found == of.end() ? scram::Found{made_up, false} : scram::Found{found->second, true};
    }

private:
    /// Looks like an entry of the file, and no password is right for it.
    scram::Entry invent(std::string_view user_name) const {
        const std::string name(user_name);
        const auto at = static_cast<std::size_t>(hashes::draw(secret, name) * static_cast<double>(some.size()));
        scram::Entry e = some[std::min(at, some.size() - 1)];
        const auto size = std::min(e.salt.size(), crypto::sha256_size);
        e.salt = crypto::hmac_sha256(secret, "salt of " + name).substr(0, size);
        e.stored_key = crypto::hmac_sha256(secret, "stored key of " + name);
        e.server_key = crypto::hmac_sha256(secret, "server key of " + name);
        return e;
    }
};

}  // namespace

std::map<std::string, Authenticator, std::less<>> LoginFile::authenticators() const {
    auto entries = std::make_shared<Entries>();
    for (const auto& [user, hash] : hashes_)
        if (const auto entry = scram::parse(hash)) entries->of.emplace(user, *entry), entries->some.push_back(*entry);
    if (entries->some.empty()) return {};
    entries->secret = crypto::sha256("scram " + secret_);
    std::map<std::string, Authenticator, std::less<>> out;
    out.emplace(scram::method,
                scram::authenticator([entries](std::string_view user_name) { return entries->find(user_name); }));
    return out;
}

}  // namespace reference
