#include "reference/crypto.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <stdexcept>

namespace reference::crypto {
namespace {

unsigned char* octets_of(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }
const unsigned char* octets_of(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }
void must(bool done) {
    if (!done) throw std::runtime_error("OpenSSL has failed");
}

}  // namespace

std::optional<std::string> from_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    if (text.find('=') < text.size() - padding) return std::nullopt;
    std::string out(text.size() / 4 * 3, '\0');
    const int n = EVP_DecodeBlock(octets_of(out), octets_of(text), static_cast<int>(text.size()));
    if (n < 0) return std::nullopt;
    out.resize(static_cast<std::size_t>(n) - padding);
    return out;
}

std::string to_base64(std::string_view octets) {
    std::string out((octets.size() + 2) / 3 * 4 + 1, '\0');
    EVP_EncodeBlock(octets_of(out), octets_of(octets), static_cast<int>(octets.size()));
    out.pop_back();
    return out;
}

std::string sha256(std::string_view octets) {
    std::string out(sha256_size, '\0');
    must(EVP_Digest(octets.data(), octets.size(), octets_of(out), nullptr, EVP_sha256(), nullptr) == 1);
    return out;
}

std::string hmac_sha256(std::string_view key, std::string_view octets) {
    std::string out(sha256_size, '\0');
    must(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets_of(octets), octets.size(), octets_of(out),
              nullptr) != nullptr);
    return out;
}

std::string pbkdf2_sha256(std::string_view password, std::string_view salt, int iterations) {
    std::string out(sha256_size, '\0');
    must(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), octets_of(salt),
                           static_cast<int>(salt.size()), iterations, EVP_sha256(), sha256_size, octets_of(out)) == 1);
    return out;
}

std::string random(std::size_t octets) {
    std::string out(octets, '\0');
    if (RAND_bytes(octets_of(out), static_cast<int>(octets)) != 1) throw std::runtime_error("no random numbers");
    return out;
}

bool equal(std::string_view one, std::string_view other) {
    return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

std::string exclusive_or(std::string one, std::string_view other) {
    for (std::size_t i = 0; i < one.size(); ++i) one[i] = static_cast<char>(one[i] ^ other[i]);
    return one;
}

}  // namespace reference::crypto
