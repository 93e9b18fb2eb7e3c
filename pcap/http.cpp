#include "pcap/http.hpp"

#include <algorithm>
#include <cctype>

namespace pcap {
namespace {

using mqtt::View;

constexpr std::uint64_t largest_number = std::uint64_t(1) << 40;  // octets; beyond it sums could overflow
constexpr unsigned longest_line = 16 << 10;
constexpr std::string_view methods[]{"GET ", "POST ", "HEAD ", "PUT ", "OPTIONS ", "DELETE ", "PATCH "};

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t n = 0;
    bool any = false;
    for (const char c : text) {
        if (c == ' ' && !any) continue;
        if (c < '0' || c > '9') break;
        any = true;
        n = std::min(n * 10 + std::uint64_t(c - '0'), largest_number);
    }
    return any ? std::optional(n) : std::nullopt;
}

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char low = char(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

}  // namespace

Answer is_request(View in) {
    for (const auto method : methods) {
        const auto n = std::min(in.size(), method.size());
        if (mqtt::bytes(in.first(n)) == method.substr(0, n)) return n == method.size() ? Answer::yes : Answer::perhaps;
    }
    return Answer::no;
}

HttpHead read_head(std::string head) {
    std::ranges::transform(head, head.begin(), [](char c) { return char(std::tolower(std::uint8_t(c))); });
    HttpHead out;
    std::size_t begin = 0;
    for (std::size_t end; (end = head.find("\r\n", begin)) != head.npos; begin = end + 2) {
        const auto line = std::string_view(head).substr(begin, end - begin);
        const auto has = [&](std::string_view word) { return line.find(word) != line.npos; };
        const auto value = line.substr(std::min(line.size(), line.find(':') + 1));
        if (begin == 0 && line.starts_with("http/"))
            out.status = unsigned(number(line.substr(std::min(line.size(), line.find(' ')))).value_or(0));
        if (begin == 0 && line.starts_with("head ")) out.asks_for_head = true;
        if (line.starts_with("upgrade:") && has("websocket")) out.upgrade = true;
        if (line.starts_with("sec-websocket-protocol:") && has("mqtt")) out.mqtt = true;
        if (line.starts_with("sec-websocket-extensions:") && has("permessage-deflate")) out.compressed = true;
        if (line.starts_with("transfer-encoding:") && has("chunked")) out.chunked = true;
        if (line.starts_with("content-length:")) out.length = number(value);
    }
    if (out.status && out.status != 101) out.upgrade = false;  // one that is asked for (426)
    return out;
}

HttpBody HttpBody::of(const HttpHead& head) {
    HttpBody out;
    out.chunked_ = head.chunked;
    out.left_ = head.length.value_or(0);
    out.part_ = head.chunked ? Part::size : out.left_ ? Part::octets : Part::done;
    if (head.chunked) out.left_ = 0;
    return out;
}

Answer HttpBody::skip(View& in) {
    while (part_ != Part::done && !in.empty()) {
        if (part_ == Part::octets) {
            const auto n = std::size_t(std::min<std::uint64_t>(left_, in.size()));
            in = in.subspan(n);
            left_ -= n;
            if (left_ == 0) part_ = chunked_ ? Part::end_of_chunk : Part::done;
        } else {
            const char c = char(in[0]);
            if (!take(c) || line_ > longest_line) return Answer::no;
            line_ = c == '\n' ? 0 : line_ + 1;
            in = in.subspan(1);
        }
    }
    return part_ == Part::done ? Answer::yes : Answer::perhaps;
}

/// A chunk's size was read.
void HttpBody::sized() {
    part_ = left_ ? Part::octets : Part::trailer;
    any_digit_ = false;
}

/// An octet between chunks (RFC 9112, 7.1); false: it cannot stand there.
bool HttpBody::take(char c) {
    const int n = digit(c);
    switch (part_) {
        case Part::size:
            if (n >= 0) {
                any_digit_ = true;
                left_ = left_ * 16 + unsigned(n);
                return left_ <= largest_number;
            }
            if (c == '\r') part_ = Part::line_feed;
            if (c == ';' || c == ' ') part_ = Part::extension;
            return any_digit_ && part_ != Part::size;
        case Part::extension:
            if (c == '\n') sized();
            return true;
        case Part::line_feed: sized(); return c == '\n';
        case Part::end_of_chunk:
            if (c == '\n') part_ = Part::size;
            return c == '\r' || c == '\n';
        case Part::trailer:  // lines, up to an empty one
            if (c == '\n' && line_ <= 1) part_ = Part::done;
            return true;
        case Part::octets:
        case Part::done: break;
    }
    return false;
}

bool HttpBody::skip_hole(std::size_t octets) {
    if (part_ != Part::octets || octets > left_) return false;
    left_ -= octets;
    if (left_ == 0) part_ = chunked_ ? Part::end_of_chunk : Part::done;
    return true;
}

}  // namespace pcap
