#include "pcap/frames.hpp"

#define pcap libpcap_tag  // the library's `struct pcap` and our namespace cannot both have that name
#include <pcap/pcap.h>
#undef pcap

#include <algorithm>

namespace pcap {
namespace {

/// Throws by name what is not read.
Link link_of(int type, const std::string& name) {
    switch (type) {
        case DLT_EN10MB: return Link::ethernet;
        case DLT_LINUX_SLL: return Link::cooked;
        case DLT_LINUX_SLL2: return Link::cooked2;
        case DLT_RAW:
        case DLT_IPV4:
        case DLT_IPV6: return Link::ip;
        case DLT_NULL:
        case DLT_LOOP: return Link::null;
        case DLT_WIRESHARK_UPPER_PDU: return Link::upper;
        default: break;
    }
    const char* known = pcap_datalink_val_to_name(type);
    const char* words = pcap_datalink_val_to_description(type);
    throw CaptureError(name + ": link type " + (known ? known : std::to_string(type)) +
                       (words ? std::string(" (") + words + ")" : "") +
                       " is not read; Ethernet, Linux cooked, raw IP and loopback are");
}

Time time_of(const timeval& t) {  // libpcap gives nanoseconds where microseconds would be
    constexpr std::int64_t latest = 9'000'000'000;
    return std::chrono::seconds(std::clamp<std::int64_t>(t.tv_sec, 0, latest)) +
           Time(std::clamp<std::int64_t>(t.tv_usec, 0, 999'999'999));
}

std::unique_ptr<Source> prepared(std::unique_ptr<Source> from, const std::string& name) {
    auto [all, format] = sniffed(decompressed(std::move(from), name));
    return format == "pcapng" ? without_snapshot_lengths(std::move(all)) : std::move(all);
}

}  // namespace

struct FrameReader::Handle {
    pcap_t* file = nullptr;
    ~Handle() {
        if (file) pcap_close(file);
    }
};

FrameReader::FrameReader(std::unique_ptr<Source> from, const std::string& name)
    : name_(name), file_(prepared(std::move(from), name)), handle_(std::make_unique<Handle>()) {
    char why[PCAP_ERRBUF_SIZE] = "";
    handle_->file = pcap_fopen_offline_with_tstamp_precision(file_.file(), PCAP_TSTAMP_PRECISION_NANO, why);
    if (!handle_->file) {
        std::fclose(file_.file());
        file_.rethrow();
        fail(why);
    }
    link_ = link_of(pcap_datalink(handle_->file), name);
}
FrameReader::~FrameReader() = default;

void FrameReader::fail(const std::string& why) const {
    const std::string_view said = why;
    if (said.find("has a type") != said.npos)
        throw CaptureError(name_ + ": holds mixed link types (" + why +
                           "); split it: tshark -r FILE -Y frame.interface_id==0 -w ONE.pcapng");
    if (said.starts_with("truncated ")) throw CaptureError(name_ + ": the capture is cut within its header");
    if (said.find("unknown file format") != said.npos)
        throw CaptureError(name_ + ": is neither pcap nor pcapng once it is decompressed");
    throw CaptureError(name_ + ": is a damaged capture: " + why);
}

bool FrameReader::next(Frame& frame) {
    pcap_pkthdr* header = nullptr;
    const std::uint8_t* octets = nullptr;
    const int result = pcap_next_ex(handle_->file, &header, &octets);
    if (result == 1) [[likely]] {
        frame = {time_of(header->ts), link_, {octets, header->caplen}, std::max(header->len, header->caplen)};
        return true;
    }
    file_.rethrow();
    const std::string_view why = result == PCAP_ERROR_BREAK ? "" : pcap_geterr(handle_->file);
    const bool cut = why.starts_with("truncated ") && why.find("dump file") != why.npos;
    if (result != PCAP_ERROR_BREAK && !cut) fail(std::string(why));
    if (!why.empty() || file_.source().cut())
        cut_ =
            name_ + ": the capture is cut: it ends in the middle of a " + (why.empty() ? "compressed block" : "record");
    return false;
}

}  // namespace pcap
