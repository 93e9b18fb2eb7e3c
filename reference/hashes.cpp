#include "reference/hashes.hpp"

#include <openssl/evp.h>

#include <charconv>
#include <optional>
#include <stdexcept>
#include <vector>

#include "reference/crypto.hpp"
#include "reference/scram.hpp"

namespace reference::hashes {
namespace {

/// A hash taken apart: how it is made, and what has to come out.
struct Parsed {
    enum class Kind { sha512, pbkdf2, scrypt, scram } kind{};
    int iterations = 1;                 // pbkdf2, scram
    std::uint64_t n = 0, r = 0, p = 0;  // scrypt
    std::string salt, hash;
};
constexpr std::uint64_t most_memory = 256u << 20;  // of one scrypt, octets

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> parts;
    for (std::size_t at; (at = text.find('$')) != text.npos; text.remove_prefix(at + 1))
        parts.push_back(text.substr(0, at));
    parts.push_back(text);
    return parts;
}

std::optional<std::uint64_t> number(std::string_view text, std::uint64_t most) {
    std::uint64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || end != text.data() + text.size() || n == 0 || n > most) return std::nullopt;
    return n;
}

/// "$6$SALT$HASH", "$7$ITERATIONS$SALT$HASH", "$scrypt$LOGN$R$P$SALT$HASH", "$scram-sha-256$...".
std::optional<Parsed> parse(std::string_view text) {
    if (const auto entry = scram::parse(text))
        return Parsed{Parsed::Kind::scram, entry->iterations, 0, 0, 0, entry->salt, entry->stored_key};
    const auto parts = split(text);
    const std::size_t count = parts.size();
    if (count < 4 || !parts[0].empty()) return std::nullopt;
    const auto salt = crypto::from_base64(parts[count - 2]), hash = crypto::from_base64(parts[count - 1]);
    if (!salt || !hash) return std::nullopt;
    Parsed out{Parsed::Kind::sha512, 1, 0, 0, 0, *salt, *hash};
    if (parts[1] == "6" && count == 4) return hash->size() == 64 ? std::optional(out) : std::nullopt;
    if (parts[1] == "7" && count == 5) {
        const auto iterations = number(parts[2], 10'000'000);
        if (!iterations || hash->size() != 64) return std::nullopt;
        out.kind = Parsed::Kind::pbkdf2;
        out.iterations = static_cast<int>(*iterations);
        return out;
    }
    if (parts[1] != "scrypt" || count != 7) return std::nullopt;
    const auto log_n = number(parts[2], 24), r = number(parts[3], 64), p = number(parts[4], 64);
    if (!log_n || !r || !p || 128 * *r << *log_n > most_memory || hash->size() < 16) return std::nullopt;
    out.kind = Parsed::Kind::scrypt;
    out.n = std::uint64_t{1} << *log_n, out.r = *r, out.p = *p;
    return out;
}

/// What the password comes to; nullopt where OpenSSL fails (memory).
std::optional<std::string> derive(const Parsed& h, std::string_view password) try {
    std::string out(h.hash.size(), '\0');
    auto* const to = reinterpret_cast<unsigned char*>(out.data());
    const auto* const salt = reinterpret_cast<const unsigned char*>(h.salt.data());
    const std::string salted = std::string(password) + h.salt;
    bool done = true;
    switch (h.kind) {
        case Parsed::Kind::sha512:
            done = EVP_Digest(salted.data(), salted.size(), to, nullptr, EVP_sha512(), nullptr) == 1;
            break;
        case Parsed::Kind::pbkdf2:
            done = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt,
                                     static_cast<int>(h.salt.size()), h.iterations, EVP_sha512(),
                                     static_cast<int>(out.size()), to) == 1;
            break;
        case Parsed::Kind::scrypt:
            done = EVP_PBE_scrypt(password.data(), password.size(), salt, h.salt.size(), h.n, h.r, h.p,
                                  2 * most_memory, to, out.size()) == 1;
            break;
        case Parsed::Kind::scram: out = scram::make(password, h.salt, h.iterations).stored_key; break;
    }
    return done ? std::optional(out) : std::nullopt;
} catch (const std::runtime_error&) {
    return std::nullopt;
}

}  // namespace

bool usable(std::string_view text, std::string& why) {
    if (parse(text)) return true;
    why = text.starts_with("$")
              ? "is no hash of a known form (those of `mqttspec broker --hash-password`; $6$, $7$ of mosquitto_passwd)"
              : "is no hash: passwords in clear are not accepted";
    return false;
}

bool matches(std::string_view text, std::string_view password) {
    const auto parsed = parse(text);
    if (!parsed) return false;
    const auto derived = derive(*parsed, password);
    return derived && crypto::equal(*derived, parsed->hash);
}

double draw(std::string_view secret, std::string_view text) {
    const auto mac = crypto::hmac_sha256(secret, text);
    double out = 0;
    for (int i = 6; i-- > 0;) out = (out + static_cast<unsigned char>(mac[static_cast<std::size_t>(i)])) / 256;
    return out;
}

std::string digest(std::string_view text) { return crypto::sha256(text); }

std::string make(std::string_view password) {
    Parsed h{Parsed::Kind::scrypt, 1, 1u << 14, 8, 1, crypto::random(16), std::string(32, '\0')};
    const auto derived = derive(h, password);
    if (!derived) throw std::runtime_error("OpenSSL could not hash the password");
    return "$scrypt$14$8$1$" + crypto::to_base64(h.salt) + "$" + crypto::to_base64(*derived);
}

std::string make_scram(std::string_view password) {
    if (!scram::is_plain(password))
        throw std::invalid_argument("for SCRAM a password has to be ASCII without control characters, and not empty");
    return scram::print(scram::make(password, crypto::random(16), scram::iterations));
}

}  // namespace reference::hashes
