#include "pcap/packet_stream.hpp"

#include <algorithm>
#include <utility>

#include "codec/explain.hpp"

namespace pcap {
namespace {

using mqtt::View;

constexpr std::size_t fixed_header = 5;           // octets at most
constexpr std::size_t small_packet = 64 << 10;    // held even where memory is full
constexpr std::size_t most_searched = 128 << 10;  // octets in which a boundary is looked for
constexpr unsigned likely = 14;                   // bits that are enough where a segment begins

std::string captured_not(std::size_t n) {
    return std::to_string(n) + (n == 1 ? " octet was" : " octets were") + " not captured";
}

}  // namespace

void PacketStream::account(std::size_t held) {
    memory_.used += held;
    memory_.used -= accounted_;
    accounted_ = held;
}

void PacketStream::clear_held() {
    held_.clear();
    if (!keeps_memory(held_.capacity())) std::string().swap(held_);  // assigning an empty one frees nothing
    account(0);
    want_ = skip_ = missing_ = 0;
}

void PacketStream::octets(View in, Time now) {
    if (!searching_) [[likely]]
        in_step(in, now);
    std::string found;  // from a boundary on
    while (!in.empty() && search(in, found, now)) {
        in = mqtt::octets(found);
        in_step(in, now);
    }
}

void PacketStream::in_step(View& in, Time now) {
    while (!in.empty() && !searching_) {
        if (skip_)
            skip(in, now);
        else if (held_.empty())
            start_packet(in, now);
        else if (want_ == 0)
            gather_header(in, now);
        else
            gather(in, now);
    }
}

void PacketStream::start_packet(View& in, Time now) {
    const auto frame = mqtt::declared_frame(in);
    if (frame.body && frame.size <= in.size()) [[likely]] {
        sink_.packet(side_, in.first(frame.size), now);
        in = in.subspan(frame.size);
        return;
    }
    if (!frame.body && in.size() >= fixed_header) {
        lose_step(in.first(fixed_header), now);
        in = in.subspan(1);
        return;
    }
    want_ = frame.body ? frame.size : 0;
    if (want_) return gather(in, now);
    held_ = mqtt::bytes(in);
    in = {};
}

void PacketStream::gather_header(View& in, Time now) {
    held_ += char(in[0]);
    in = in.subspan(1);
    const auto frame = mqtt::declared_frame(mqtt::octets(held_));
    want_ = frame.body ? frame.size : 0;
    if (want_ == held_.size()) return finish_whole(now);
    if (want_ || held_.size() < fixed_header) return;
    const std::string broken = held_;
    clear_held();
    lose_step(mqtt::octets(broken), now);
    held_ = broken.substr(1);
}

void PacketStream::gather(View& in, Time now) {
    const auto n = std::min(want_ - held_.size(), in.size());
    held_ += mqtt::bytes(in.first(n));
    in = in.subspan(n);
    if (held_.size() == want_) return finish_whole(now);
    account(held_.capacity());
    const bool no_room = memory_.full() && held_.size() > small_packet;
    if (held_.size() < max_packet_ && !no_room && memory_.used / 2 <= memory_.most) return;
    skip_ = missing_ = want_ - held_.size();
    why_ = "is larger than is held (" + std::to_string(want_) + " octets)";
}

void PacketStream::skip(View& in, Time now) {
    const auto n = std::min(skip_, in.size());
    skip_ -= n;
    in = in.subspan(n);
    if (skip_ == 0) finish_damaged(now);
}

void PacketStream::finish_whole(Time now) {
    sink_.packet(side_, mqtt::octets(held_), now);
    clear_held();
}
void PacketStream::finish_damaged(Time now) {
    sink_.truncated(side_, mqtt::octets(held_), want_, missing_, why_, now);
    why_.clear();
    clear_held();
}

void PacketStream::hole(std::size_t n, Time now) {
    if (searching_) {
        skipped_ += held_.size();
        boundaries_.reset();
        clear_held();
        if (joining_) return;
        tell_skipped(now);
        return sink_.gap(side_, {}, n, n, captured_not(n), now);
    }
    if (!held_.empty() && want_) {
        if (skip_ == 0) skip_ = want_ - held_.size();
        const auto within = std::min(n, skip_);
        const bool is_counted = why_.starts_with("is larger");
        if (!is_counted) why_ = captured_not(missing_ += within);
        skip_ -= within;
        n -= within;
        if (skip_ == 0) finish_damaged(now);
        if (n == 0) return;
    } else if (!held_.empty()) {
        sink_.truncated(side_, mqtt::octets(held_), 0, 0, "its fixed header was not captured whole", now);
        clear_held();
    }
    searching_ = true;
    sink_.gap(side_, {}, n, n, captured_not(n), now);
}

// What follows is not told apart any more: a boundary is searched behind the broken header.
void PacketStream::lose_step(View broken, Time now) {
    sink_.gap(side_, broken, 1, 0, "a fixed header is broken", now);
    searching_ = true;
}

bool PacketStream::search(View in, std::string& rest, Time now) {
    if (!boundaries_) boundaries_ = std::make_unique<BoundarySearch>(likely);
    held_ += mqtt::bytes(in);
    account(held_.capacity());
    const auto found = boundaries_->more(mqtt::octets(held_), sink_.version(), sink_.role(side_));
    if (!found) {
        if (held_.size() <= most_searched) return false;
        const auto given_up = held_.size() - most_searched / 2;
        held_.erase(0, given_up);
        boundaries_->give_up(given_up);
        skipped_ += given_up;
        return false;
    }
    skipped_ += found->offset;
    std::string from_there = held_.substr(found->offset);
    clear_held();
    tell_skipped(now);
    boundaries_.reset();
    searching_ = joining_ = false;
    rest.swap(from_there);
    return true;
}

void PacketStream::tell_skipped(Time now) {
    const auto n = std::exchange(skipped_, 0);
    if (n && !joining_)
        sink_.gap(side_, {}, n, 0, std::to_string(n) + (n == 1 ? " octet is" : " octets are") + " of no whole packet",
                  now);
}

void PacketStream::end(std::string_view what, Time now) {
    const std::string ends(what);
    if (searching_) {
        skipped_ += held_.size();
        tell_skipped(now);
    } else if (!held_.empty() && want_ == 0) {
        sink_.truncated(side_, mqtt::octets(held_), 0, 0, ends + " ends within its fixed header", now);
    } else if (!held_.empty()) {
        const auto open = skip_ ? skip_ : want_ - held_.size();
        missing_ += why_.starts_with("is larger") ? 0 : open;
        why_ = ends + " ends in the middle of it; octets missing: " + std::to_string(missing_);
        return finish_damaged(now);
    }
    clear_held();
}

}  // namespace pcap
