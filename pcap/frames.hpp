// Frames of a capture file, by libpcap.
#pragma once
#include <memory>

#include "pcap/source.hpp"

namespace pcap {

/// What the library knows of a link layer.
enum class Link : std::uint8_t { ethernet, cooked, cooked2, ip, null, upper };

struct Frame {
    Time time{};
    Link link{};
    mqtt::View octets{};     // as captured; good until the next frame
    std::size_t length = 0;  // on the wire
};

class FrameReader {
public:
    /// Throws CaptureError for what is no capture, and for a link type that is not read.
    FrameReader(std::unique_ptr<Source> from, const std::string& name);
    ~FrameReader();
    FrameReader(const FrameReader&) = delete;
    FrameReader& operator=(const FrameReader&) = delete;

    /// False at the end. Throws CaptureError where the file is damaged.
    bool next(Frame& frame);
    /// Why the last frame is not the end of the capture: it is cut in the middle; empty where it is whole.
    const std::string& cut() const { return cut_; }
    std::uint64_t taken() const { return file_.source().taken(); }

private:
    [[noreturn]] void fail(const std::string& why) const;
    struct Handle;
    std::string name_, cut_;
    SourceFile file_;
    std::unique_ptr<Handle> handle_;
    Link link_{};
};

}  // namespace pcap
