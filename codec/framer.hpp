// Bytes in arbitrary chunks -> whole packets. One read is not one packet (7.1.1-1, 4.2.0-1).
#pragma once
#include <algorithm>

#include "codec/codec.hpp"

namespace mqtt {

/// Gathers the octets of one direction of one connection.
class Framer {
public:
    void feed(View chunk) {
        if (taken_ == gathered_.size()) {
            gathered_.clear();
            // Of a large packet that is over; a reader of large chunks will need as much again.
            if (gathered_.capacity() > std::max(most_kept, 4 * chunk.size())) std::string().swap(gathered_);
            taken_ = 0;
        } else if (taken_ > gathered_.size() / 2) {  // moving the rest costs no more than what was taken
            gathered_.erase(0, taken_);
            taken_ = 0;
        }
        gathered_.append(bytes(chunk));
    }
    /// The octets of the next whole packet, or nothing: more are needed, or there is a fault in its fixed header.
    /// The view is good until the next feed.
    View next(Version v, Fault& fault, const Limits& limits = {}) {
        const Frame f = frame(rest(), v, fault, limits);
        View packet = rest().first(f.size);
        taken_ += f.size;
        return packet;
    }
    /// What has come and was not yet taken.
    View rest() const { return octets(std::string_view(gathered_).substr(taken_)); }

private:
    static constexpr std::size_t most_kept = 64 << 10;  // octets
    std::string gathered_;
    std::size_t taken_ = 0;
};

}  // namespace mqtt
