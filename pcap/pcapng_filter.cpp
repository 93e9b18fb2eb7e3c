// Blocks of pcapng as they pass by: the snapshot length in each Interface Description Block becomes 0, which is "none",
// and the link types of raw IP become one, for libpcap takes a second interface of type 101 for one of another type.
// libpcap goes by it in Simple Packet Blocks, which tell no captured length: those that were cut get it as length.
#include <algorithm>
#include <cstring>

#include "pcap/source.hpp"

namespace pcap {
namespace {

constexpr std::uint32_t section = 0x0a0d0d0a, interface = 1, simple = 3;
constexpr std::uint8_t raw_ip = 101, ipv4 = 228, ipv6 = 229;  // link types
constexpr std::size_t head = 16;  // octets of a block that are looked at: type, length, and the next eight

class Filter final : public Source {
public:
    explicit Filter(std::unique_ptr<Source> from) : from_(std::move(from)) {}
    std::uint64_t taken() const override { return from_->taken(); }
    bool cut() const override { return from_->cut(); }

    std::size_t read(std::span<std::uint8_t> into) override {
        const auto n = from_->read(into);
        auto in = into.first(n);
        while (!in.empty()) in = in.subspan(left_ ? pass(in) : begin(in));
        return n;
    }

private:
    std::size_t pass(std::span<std::uint8_t> in) {
        const auto n = std::min<std::uint64_t>(left_, in.size());
        left_ -= n;
        return std::size_t(n);
    }
    /// Octets of a block's head; its snapshot length stands at 12, behind type, length, link type and two reserved.
    std::size_t begin(std::span<std::uint8_t> in) {
        std::size_t taken = 0;
        while (taken < in.size() && have_ < head) {
            change(in[taken]);
            held_[have_++] = in[taken++];
            if (have_ == 12 && four(0) == section) {
                swapped_ = four(8) == 0x4d3c2b1a;
                interfaces_ = 0;
            }
        }
        if (have_ < head) return taken;
        const auto length = (four(4) + 3) / 4 * 4;
        left_ = length > head ? length - head : 0;
        if (length < 12) left_ = UINT64_MAX;  // damaged: libpcap says so
        have_ = 0;
        if (length == 12) {  // a block without a body: what is held belongs to the next one
            std::memmove(held_, held_ + 12, 4);
            have_ = 4;
        }
        return taken;
    }
    /// The next octet of a block's head.
    void change(std::uint8_t& octet) {
        if (have_ >= 12 && four(0) == interface) {
            if (interfaces_ == 0) snapshot_[have_ - 12] = octet;
            interfaces_ += have_ == 15;
            octet = 0;
        } else if (have_ == (swapped_ ? 9 : 8) && four(0) == interface) {  // no other type ends in such an octet
            if (octet == raw_ip || octet == ipv6) octet = ipv4;
        } else if (have_ >= 8 && have_ < 12 && four(0) == simple && interfaces_) {
            const auto most = value(snapshot_);
            if (most && four(4) >= head && four(4) - head >= most) octet = snapshot_[have_ - 8];
        }
    }
    std::uint32_t four(std::size_t at) const { return at == 8 ? raw(held_ + at) : value(held_ + at); }
    std::uint32_t value(const std::uint8_t* at) const { return swapped_ ? __builtin_bswap32(raw(at)) : raw(at); }
    static std::uint32_t raw(const std::uint8_t* at) {
        std::uint32_t n = 0;
        std::memcpy(&n, at, 4);
        return n;
    }

    std::unique_ptr<Source> from_;
    std::uint8_t held_[head]{};
    std::size_t have_ = 0;
    std::uint64_t left_ = 0;        // octets of the block still to pass
    std::uint8_t snapshot_[4]{};    // the length of the section's first interface
    std::uint64_t interfaces_ = 0;  // of the section
    bool swapped_ = false;
};

}  // namespace

std::unique_ptr<Source> without_snapshot_lengths(std::unique_ptr<Source> from) {
    return std::make_unique<Filter>(std::move(from));
}

}  // namespace pcap
