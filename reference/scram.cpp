#include "reference/scram.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "codec/text.hpp"
#include "reference/crypto.hpp"

namespace reference::scram {
namespace {

using crypto::hmac_sha256;
using Outcome = AuthStep::Outcome;

constexpr std::string_view prefix = "$scram-sha-256$";
constexpr std::size_t longest_message = 4096;  // octets, of a client's

/// Takes what is before the mark, and the mark; all of it where there is none.
std::string_view take(std::string_view& text, char mark) {
    const auto end = std::min(text.find(mark), text.size());
    const auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

/// The value of the next attribute, which has to have that letter.
std::optional<std::string_view> attribute(std::string_view& text, char letter) {
    const auto part = take(text, ',');
    if (part.size() < 2 || part[0] != letter || part[1] != '=') return std::nullopt;
    return part.substr(2);
}

bool has_control(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 || c == 0x7f) return true;
        const bool pair = c == 0xc2 && i + 1 < text.size();
        if (pair && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;  // U+0080 to U+009F
    }
    return false;
}

/// "=2C" and "=3D" stand for comma and equals sign. nullopt: no user name.
std::optional<std::string> user_name(std::string_view text) {
    std::string name;
    while (!text.empty()) {
        if (text[0] != '=') {
            name += text[0];
            text.remove_prefix(1);
            continue;
        }
        const bool comma = text.starts_with("=2C");
        if (!comma && !text.starts_with("=3D")) return std::nullopt;
        name += comma ? ',' : '=';
        text.remove_prefix(3);
    }
    if (name.empty() || has_control(name) || !mqtt::is_utf8(name)) return std::nullopt;
    return name;
}

bool is_nonce(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != ','; });
}

AuthStep failed(std::string_view error, std::uint8_t reason = 0x87) {
    return {Outcome::failure, "e=" + std::string(error), "", reason};
}

/// One exchange: the client's first message, its final message.
class Exchange {
public:
    Exchange(Find find, Nonce nonce) : find_(std::move(find)), make_nonce_(std::move(nonce)) {}

    AuthStep step(std::string_view data) {
        if (data.size() > longest_message) return failed("other-error");
        if (stage_ == Stage::first) {
            if (data.empty() && !std::exchange(invited_, true)) return {Outcome::more, "", "", 0};
            return first(data);
        }
        if (std::exchange(stage_, Stage::over) == Stage::final) return final(data);
        return failed("other-error");
    }

private:
    enum class Stage : std::uint8_t { first, final, over };

    AuthStep first(std::string_view data) {
        stage_ = Stage::over;
        std::string_view rest = data;
        const auto binding = take(rest, ','), identity = take(rest, ',');
        if (binding.starts_with("p=")) return failed("channel-binding-not-supported");
        if (binding != "n" && binding != "y") return failed("invalid-encoding");
        if (!identity.empty()) return failed("other-error");  // to act for others is not served
        header_ = std::string(binding) + ",,";
        bare_ = rest;
        if (rest.starts_with("m=")) return failed("extensions-not-supported");
        const auto name = attribute(rest, 'n'), nonce = attribute(rest, 'r');
        if (!name || !nonce || !is_nonce(*nonce)) return failed("invalid-encoding");
        const auto user = user_name(*name);
        if (!user) return failed("invalid-username-encoding");
        user_ = *user;
        found_ = find_(user_);
        nonce_ = std::string(*nonce) + make_nonce_();
        challenge_ = "r=" + nonce_ + ",s=" + crypto::to_base64(found_.entry.salt) +
                     ",i=" + std::to_string(found_.entry.iterations);
        stage_ = Stage::final;
        return {Outcome::more, challenge_, "", 0};
    }

    AuthStep final(std::string_view data) const {
        const auto at = data.rfind(",p=");
        if (at == data.npos) return failed("invalid-encoding");
        const auto without_proof = data.substr(0, at);
        const auto proof = crypto::from_base64(data.substr(at + 3));
        std::string_view rest = without_proof;
        const auto binding = attribute(rest, 'c'), nonce = attribute(rest, 'r');
        if (!binding || !nonce || !proof || proof->size() != crypto::sha256_size) return failed("invalid-encoding");
        if (*binding != crypto::to_base64(header_)) return failed("channel-bindings-dont-match");
        if (*nonce != nonce_) return failed("other-error");
        const std::string all = bare_ + "," + challenge_ + "," + std::string(without_proof);
        const auto signature = hmac_sha256(found_.entry.stored_key, all);
        const auto client_key = crypto::exclusive_or(*proof, signature);
        const bool right = crypto::equal(crypto::sha256(client_key), found_.entry.stored_key);
        // An unknown user is not told from a wrong password.
        if (!right || !found_.known) return failed("invalid-proof");
        return {Outcome::success, "v=" + crypto::to_base64(hmac_sha256(found_.entry.server_key, all)), user_, 0};
    }

    Find find_;
    Nonce make_nonce_;
    Stage stage_ = Stage::first;
    bool invited_ = false;
    std::string header_, bare_, user_, nonce_, challenge_;
    Found found_;
};

}  // namespace

std::optional<Entry> parse(std::string_view text) {
    if (!text.starts_with(prefix)) return std::nullopt;
    text.remove_prefix(prefix.size());
    const auto count = take(text, '$');
    Entry e;
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), e.iterations);
    const bool number = error == std::errc() && end == count.data() + count.size();
    const auto salt = crypto::from_base64(take(text, '$')), stored = crypto::from_base64(take(text, '$')),
               server = crypto::from_base64(text);
    const bool whole = number && e.iterations > 0 && e.iterations <= 10'000'000 && salt && stored && server &&
                       stored->size() == crypto::sha256_size && server->size() == crypto::sha256_size;
    if (!whole) return std::nullopt;
    e.salt = *salt, e.stored_key = *stored, e.server_key = *server;
    return e;
}

std::string print(const Entry& e) {
    using crypto::to_base64;
    return std::string(prefix) + std::to_string(e.iterations) + "$" + to_base64(e.salt) + "$" +
           to_base64(e.stored_key) + "$" + to_base64(e.server_key);
}

Entry make(std::string_view password, std::string_view salt, int count) {
    const auto salted = crypto::pbkdf2_sha256(password, salt, count);
    return {count, std::string(salt), crypto::sha256(hmac_sha256(salted, "Client Key")),
            hmac_sha256(salted, "Server Key")};
}

bool is_plain(std::string_view password) {
    return !password.empty() && std::ranges::all_of(password, [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool matches(const Entry& e, std::string_view password) {
    return crypto::equal(make(password, e.salt, e.iterations).stored_key, e.stored_key);
}

std::string random_nonce() { return crypto::to_base64(crypto::random(18)); }

Authenticator authenticator(Find find, Nonce nonce) {
    return [find = std::move(find), nonce = std::move(nonce)](std::string_view) -> AuthExchange {
        const auto exchange = std::make_shared<Exchange>(find, nonce);
        return [exchange](std::string_view data) {
            try {
                return exchange->step(data);
            } catch (const std::exception&) {  // OpenSSL is out of memory or random numbers
                return failed("other-error", 0x80);
            }
        };
    };
}

}  // namespace reference::scram
