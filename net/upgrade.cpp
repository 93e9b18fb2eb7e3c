#include "net/upgrade.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <cstdint>
#include <random>

namespace net {
namespace {

namespace http = boost::beast::http;

std::string base64(const std::uint8_t* data, std::size_t size) {
    static constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < size; i += 3) {
        std::uint32_t three = std::uint32_t(data[i]) << 16;
        if (i + 1 < size) three |= std::uint32_t(data[i + 1]) << 8;
        if (i + 2 < size) three |= data[i + 2];
        out += letters[three >> 18 & 63];
        out += letters[three >> 12 & 63];
        out += i + 1 < size ? letters[three >> 6 & 63] : '=';
        out += i + 2 < size ? letters[three & 63] : '=';
    }
    return out;
}

/// FIPS 180-4, section 6.1. RFC 6455 wants it, as a check and not as a secret; a build without OpenSSL has no other.
class Sha1 {
public:
    static std::array<std::uint8_t, 20> of(std::string text) {
        const std::uint64_t bits = text.size() * 8;
        text += '\x80';
        while (text.size() % 64 != 56) text += '\0';
        for (int shift = 56; shift >= 0; shift -= 8) text += static_cast<char>(bits >> shift & 255);
        Sha1 sum;
        for (std::size_t at = 0; at < text.size(); at += 64) sum.block(text.data() + at);
        std::array<std::uint8_t, 20> out{};
        for (std::size_t i = 0; i < 20; ++i) out[i] = std::uint8_t(sum.h_[i / 4] >> (24 - i % 4 * 8));
        return out;
    }

private:
    void block(const char* text) {
        std::array<std::uint32_t, 80> w{};
        for (std::size_t i = 0; i < 64; ++i) w[i / 4] = w[i / 4] << 8 | static_cast<std::uint8_t>(text[i]);
        for (std::size_t i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        auto [a, b, c, d, e] = h_;
        for (std::size_t i = 0; i < 80; ++i) {
            const auto [f, k] = i < 20   ? std::pair((b & c) | (~b & d), 0x5a827999u)
                                : i < 40 ? std::pair(b ^ c ^ d, 0x6ed9eba1u)
                                : i < 60 ? std::pair((b & c) | (b & d) | (c & d), 0x8f1bbcdcu)
                                         : std::pair(b ^ c ^ d, 0xca62c1d6u);
            const std::uint32_t next = std::rotl(a, 5) + f + e + k + w[i];
            e = d;
            d = c;
            c = std::rotl(b, 30);
            b = a;
            a = next;
        }
        h_ = {h_[0] + a, h_[1] + b, h_[2] + c, h_[3] + d, h_[4] + e};
    }
    std::array<std::uint32_t, 5> h_{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
};

template <class Fields> bool has_token(const Fields& fields, http::field name, std::string_view token) {
    const auto [begin, end] = fields.equal_range(name);
    return std::any_of(begin, end, [token](const auto& field) {
        return http::token_list(field.value()).exists({token.data(), token.size()});
    });
}

/// Subprotocol names are told apart by case, unlike other tokens.
template <class Fields> bool offers(const Fields& fields, std::string_view wanted) {
    const auto [begin, end] = fields.equal_range(http::field::sec_websocket_protocol);
    return std::any_of(begin, end, [wanted](const auto& field) {
        const http::token_list list(field.value());
        return std::any_of(list.begin(), list.end(), [wanted](const auto& token) { return token == wanted; });
    });
}

template <class Parser> bool parse(Parser& parser, std::string_view head) {
    boost::beast::error_code error;
    parser.header_limit(longest_head + 1);
    parser.put(boost::asio::buffer(head.data(), head.size()), error);
    return !error && parser.is_header_done();
}

bool is_key(std::string_view key) {
    return key.size() == 24 && key.ends_with("==") &&
           std::all_of(key.begin(), key.end() - 2, [](unsigned char c) { return std::isalnum(c) || c == '+' || c == '/'; });
}

std::string view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::string new_websocket_key() {
    thread_local std::random_device source;
    std::array<std::uint8_t, 16> octets{};
    for (auto& octet : octets) octet = static_cast<std::uint8_t>(source());
    return base64(octets.data(), octets.size());
}

std::string accept_for(std::string_view key) {
    const auto sum = Sha1::of(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    return base64(sum.data(), sum.size());
}

// ---- the client's part ------------------------------------------------------------

std::string request_head(const WebSocketClient& o, std::string_view key) {
    std::string offers;
    for (const auto& each : o.offers) offers += (offers.empty() ? "" : ", ") + each;
    std::string head = "GET " + o.path + " HTTP/1.1\r\nHost: " + o.host +
                       "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + std::string(key) +
                       "\r\nSec-WebSocket-Version: 13\r\n";
    if (!offers.empty()) head += "Sec-WebSocket-Protocol: " + offers + "\r\n";
    return head + "\r\n";
}

Agreed read_answer(std::string_view head, std::string_view key, const WebSocketClient& o) {
    using http::field;
    http::response_parser<http::empty_body> parser;
    parser.skip(true);
    if (!parse(parser, head)) return {"WebSocket: the answer is no HTTP", {}};
    const auto& answer = parser.get();
    if (answer.result_int() != 101)
        return {"WebSocket: the answer is HTTP " + std::to_string(answer.result_int()) + ' ' + view(answer.reason()) +
                    ", 101 is wanted",
                {}};
    if (!has_token(answer, field::upgrade, "websocket") || !has_token(answer, field::connection, "upgrade"))
        return {"WebSocket: the answer upgrades to something else", {}};
    if (view(answer[field::sec_websocket_accept]) != accept_for(key))
        return {"WebSocket: Sec-WebSocket-Accept does not fit the key", {}};
    if (answer.count(field::sec_websocket_extensions))
        return {"WebSocket: an extension was chosen, none was offered", {}};
    const std::string chosen = view(answer[field::sec_websocket_protocol]);
    if (o.tolerant || chosen == subprotocol) return {{}, chosen};
    if (chosen.empty()) return {"WebSocket: the broker chose no subprotocol; it has to be mqtt", {}};
    return {"WebSocket: the broker chose the subprotocol " + chosen + "; it has to be mqtt", {}};
}

// ---- the server's part ------------------------------------------------------------

Answer refusal(unsigned status, std::string_view reason, const std::string& why, std::string_view fields) {
    const std::string body = why + "\n";
    return {"HTTP/1.1 " + std::to_string(status) + ' ' + std::string(reason) +
                "\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n" + std::string(fields) + "\r\n" + body,
            "WebSocket: refused with HTTP " + std::to_string(status) + ": " + why};
}

Answer answer_request(std::string_view head, const WebSocketServer& o) {
    using http::field;
    http::request_parser<http::empty_body> parser;
    parser.skip(true);
    if (!parse(parser, head)) return refusal(400, "Bad Request", "this is no HTTP request");
    const auto& request = parser.get();
    if (request.method() != http::verb::get) return refusal(405, "Method Not Allowed", "GET is wanted", "Allow: GET\r\n");
    const std::string target = view(request.target());
    if (target.substr(0, target.find('?')) != o.path)
        return refusal(404, "Not Found", "MQTT is served at " + o.path);
    constexpr std::string_view wanted = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    if (request.version() < 11 || !has_token(request, field::upgrade, "websocket") ||
        !has_token(request, field::connection, "upgrade"))
        return refusal(426, "Upgrade Required", "a WebSocket is wanted", wanted);
    if (request[field::sec_websocket_version] != "13")
        return refusal(426, "Upgrade Required", "WebSocket version 13 is wanted", wanted);
    const std::string key = view(request[field::sec_websocket_key]);
    if (!is_key(key)) return refusal(400, "Bad Request", "Sec-WebSocket-Key is missing or malformed");
    if (!offers(request, subprotocol)) return refusal(400, "Bad Request", "the subprotocol mqtt has to be offered");
    const std::string choice = o.chooses_nothing ? "" : "Sec-WebSocket-Protocol: " + std::string(subprotocol) + "\r\n";
    return {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
                accept_for(key) + "\r\n" + choice + "\r\n",
            {}};
}

}  // namespace net
