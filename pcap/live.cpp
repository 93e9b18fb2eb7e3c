// A network interface as a capture that has no end: libpcap writes its frames as a file's octets, so the rest sees a file.
#include <poll.h>

#include <cstring>

#include "pcap/read.hpp"

#define pcap libpcap_tag  // the library's `struct pcap` and our namespace cannot both have that name
#include <pcap/pcap.h>
#undef pcap

namespace pcap {
namespace {

constexpr int most_octets = 262'144, patience_ms = 100;  // of a frame; until `stop` is asked

std::string interfaces() {
    char why[PCAP_ERRBUF_SIZE] = "";
    pcap_if_t* all = nullptr;
    if (pcap_findalldevs(&all, why) != 0) return {};
    std::string names;
    for (const pcap_if_t* one = all; one; one = one->next)
        names += (names.empty() ? "" : ", ") + std::string(one->name);
    pcap_freealldevs(all);
    return names;
}

class LiveSource final : public Source {
public:
    LiveSource(std::string interface, std::function<bool()> stop)
        : name_(std::move(interface)), stop_(std::move(stop)) {
        char why[PCAP_ERRBUF_SIZE] = "";
        handle_.reset(pcap_create(name_.c_str(), why));
        if (!handle_) refuse(why);
        pcap_set_snaplen(handle_.get(), most_octets);
        pcap_set_timeout(handle_.get(), patience_ms);
        pcap_set_immediate_mode(handle_.get(), 1);
        pcap_set_tstamp_precision(handle_.get(), PCAP_TSTAMP_PRECISION_NANO);
        if (const int result = pcap_activate(handle_.get()); result < 0) refuse(reason(result));
        if (pcap_setnonblock(handle_.get(), 1, why) != 0) refuse(why);  // else it may wait for ever
        file_ = ::fopencookie(this, "w", {.read = nullptr, .write = write, .seek = nullptr, .close = nullptr});
        dump_.reset(pcap_dump_fopen(handle_.get(), file_));
        if (!dump_) refuse(pcap_geterr(handle_.get()));
        pcap_dump_flush(dump_.get());
    }
    std::size_t read(std::span<std::uint8_t> into) override {
        while (given_ == octets_.size())
            if (!next_frame()) return 0;
        const auto n = std::min(into.size(), octets_.size() - given_);
        std::memcpy(into.data(), octets_.data() + given_, n);
        given_ += n;
        taken_ += n;
        return n;
    }
    std::uint64_t taken() const override { return taken_; }

private:
    /// False once it is to stop.
    bool next_frame() {
        octets_.clear();
        given_ = 0;
        while (!stop_ || !stop_()) {
            pcap_pkthdr* header = nullptr;
            const std::uint8_t* frame = nullptr;
            const int result = pcap_next_ex(handle_.get(), &header, &frame);
            if (result < 0) throw CaptureError(name_ + ": cannot be captured any more: " + pcap_geterr(handle_.get()));
            if (result == 0) {
                pollfd ready{pcap_get_selectable_fd(handle_.get()), POLLIN, 0};
                ::poll(&ready, 1, patience_ms);
                continue;
            }
            pcap_dump(reinterpret_cast<std::uint8_t*>(dump_.get()), header, frame);
            pcap_dump_flush(dump_.get());
            return true;
        }
        return false;
    }
    std::string reason(int result) const {
        if (result == PCAP_ERROR_PERM_DENIED || result == PCAP_ERROR_PROMISC_PERM_DENIED)
            return "permission is denied; root may, and who has CAP_NET_RAW";
        const std::string more = pcap_geterr(handle_.get());
        return more.empty() ? pcap_statustostr(result) : more;
    }
    [[noreturn]] void refuse(const std::string& why) const {
        const auto names = interfaces();
        throw CaptureError("-i " + name_ + ": cannot be captured: " + why +
                           (names.empty() ? "" : "; there are " + names));
    }
    static ssize_t write(void* self, const char* octets, std::size_t n) {
        static_cast<LiveSource*>(self)->octets_.append(octets, n);
        return ssize_t(n);
    }
    struct Close {
        void operator()(pcap_t* handle) const { pcap_close(handle); }
        void operator()(pcap_dumper_t* dump) const { pcap_dump_close(dump); }
    };
    std::string name_, octets_;
    std::function<bool()> stop_;
    std::unique_ptr<pcap_t, Close> handle_;
    std::FILE* file_ = nullptr;
    std::unique_ptr<pcap_dumper_t, Close> dump_;  // closes file_
    std::size_t given_ = 0;
    std::uint64_t taken_ = 0;
};

}  // namespace

std::unique_ptr<Source> open_interface(const std::string& name, std::function<bool()> stop) {
    return std::make_unique<LiveSource>(name, std::move(stop));
}

}  // namespace pcap
