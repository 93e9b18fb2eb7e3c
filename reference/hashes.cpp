#include "reference/hashes.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <charconv>
#include <optional>
#include <stdexcept>
#include <vector>

namespace reference::hashes {
namespace {

using Octets = std::vector<unsigned char>;

/// A hash taken apart: how it is made, and what has to come out.
struct Parsed {
    enum class Kind { sha512, pbkdf2, scrypt } kind{};
    int iterations = 1;                 // pbkdf2
    std::uint64_t n = 0, r = 0, p = 0;  // scrypt
    Octets salt, hash;
};
constexpr std::uint64_t most_memory = 256u << 20;  // of one scrypt, octets

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> parts;
    for (std::size_t at; (at = text.find('$')) != text.npos; text.remove_prefix(at + 1))
        parts.push_back(text.substr(0, at));
    parts.push_back(text);
    return parts;
}

std::optional<Octets> from_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    Octets out(text.size() / 4 * 3);
    const int n =
        EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (n < 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    out.resize(static_cast<std::size_t>(n) - padding);
    return out;
}

std::string to_base64(const Octets& octets) {
    std::string out((octets.size() + 2) / 3 * 4 + 1, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), octets.data(), static_cast<int>(octets.size()));
    out.pop_back();
    return out;
}

std::optional<std::uint64_t> number(std::string_view text, std::uint64_t most) {
    std::uint64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || end != text.data() + text.size() || n == 0 || n > most) return std::nullopt;
    return n;
}

/// "$6$SALT$HASH", "$7$ITERATIONS$SALT$HASH", "$scrypt$LOGN$R$P$SALT$HASH".
std::optional<Parsed> parse(std::string_view text) {
    const auto parts = split(text);
    const std::size_t count = parts.size();
    if (count < 4 || !parts[0].empty()) return std::nullopt;
    const auto salt = from_base64(parts[count - 2]), hash = from_base64(parts[count - 1]);
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

bool digest(std::string_view password, const Octets& salt, Octets& out) {
    const std::string all = std::string(password) + std::string(salt.begin(), salt.end());
    return EVP_Digest(all.data(), all.size(), out.data(), nullptr, EVP_sha512(), nullptr) == 1;
}

/// What the password comes to; nullopt where OpenSSL fails (memory).
std::optional<Octets> derive(const Parsed& h, std::string_view password) {
    Octets out(h.hash.size());
    const auto salt_size = static_cast<int>(h.salt.size()), out_size = static_cast<int>(out.size());
    bool done = false;
    switch (h.kind) {
        case Parsed::Kind::sha512: done = digest(password, h.salt, out); break;
        case Parsed::Kind::pbkdf2:
            done = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), h.salt.data(), salt_size,
                                     h.iterations, EVP_sha512(), out_size, out.data()) == 1;
            break;
        case Parsed::Kind::scrypt:
            done = EVP_PBE_scrypt(password.data(), password.size(), h.salt.data(), h.salt.size(), h.n, h.r, h.p,
                                  2 * most_memory, out.data(), out.size()) == 1;
            break;
    }
    return done ? std::optional(out) : std::nullopt;
}

}  // namespace

bool usable(std::string_view text, std::string& why) {
    if (parse(text)) return true;
    why = text.starts_with("$")
              ? "is no hash of a known form (scrypt of `mqttspec broker --hash-password`; $6$, $7$ of mosquitto_passwd)"
              : "is no hash: passwords in clear are not accepted";
    return false;
}

bool matches(std::string_view text, std::string_view password) {
    const auto parsed = parse(text);
    if (!parsed) return false;
    const auto derived = derive(*parsed, password);
    return derived && CRYPTO_memcmp(derived->data(), parsed->hash.data(), parsed->hash.size()) == 0;
}

std::string make(std::string_view password) {
    Parsed h{Parsed::Kind::scrypt, 1, 1u << 14, 8, 1, Octets(16), Octets(32)};
    if (RAND_bytes(h.salt.data(), static_cast<int>(h.salt.size())) != 1)
        throw std::runtime_error("no random numbers for a salt");
    const auto derived = derive(h, password);
    if (!derived) throw std::runtime_error("OpenSSL could not hash the password");
    return "$scrypt$14$8$1$" + to_base64(h.salt) + "$" + to_base64(*derived);
}

}  // namespace reference::hashes
