// A network interface as a capture that has no end: libpcap writes its frames as a file's octets, so the rest sees a file.
#include <poll.h>

#include <cstring>
#include <utility>

#include "pcap/read.hpp"

#define pcap libpcap_tag  // the library's `struct pcap` and our namespace cannot both have that name
#include <pcap/pcap.h>
#undef pcap

namespace pcap {
namespace {

constexpr int most_octets = 262'144;                  // of a frame
constexpr int room = 64 << 20;                        // octets that the kernel holds until they are read
constexpr int patience_ms = 50;                       // until frames are given that do not fill a block
constexpr int at_a_time = 4'096;                      // frames
constexpr std::size_t enough = std::size_t(1) << 20;  // octets
// What cannot be TCP. What may hold it stays: fragments, extension headers, tags of all kinds.
constexpr const char* not_tcp = "not (ip proto 17 or ip proto 1 or ip proto 2 or ip6 proto 17 or ip6 proto 58 or arp)";

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
    explicit LiveSource(Interface interface) : about_(std::move(interface)) {
        char why[PCAP_ERRBUF_SIZE] = "";
        handle_.reset(pcap_create(about_.name.c_str(), why));
        if (!handle_) refuse(why);
        pcap_set_snaplen(handle_.get(), most_octets);
        pcap_set_timeout(handle_.get(), patience_ms);  // not "immediate", which has room for a few frames alone
        pcap_set_buffer_size(handle_.get(), room);
        pcap_set_tstamp_precision(handle_.get(), PCAP_TSTAMP_PRECISION_NANO);
        if (const int result = pcap_activate(handle_.get()); result < 0) refuse(reason(result));
        filter();
        if (pcap_setnonblock(handle_.get(), 1, why) != 0) refuse(why);  // else it may wait for ever
        file_ = ::fopencookie(this, "w", {.read = nullptr, .write = write, .seek = nullptr, .close = nullptr});
        dump_.reset(pcap_dump_fopen(handle_.get(), file_));
        if (!dump_) refuse(pcap_geterr(handle_.get()));
        pcap_dump_flush(dump_.get());
    }
    ~LiveSource() override { tell(); }
    LiveSource(const LiveSource&) = delete;
    LiveSource& operator=(const LiveSource&) = delete;

    std::size_t read(std::span<std::uint8_t> into) override {
        while (given_ == octets_.size())
            if (!next_frames()) return 0;
        const auto n = std::min(into.size(), octets_.size() - given_);
        std::memcpy(into.data(), octets_.data() + given_, n);
        given_ += n;
        taken_ += n;
        return n;
    }
    std::uint64_t taken() const override { return taken_; }

private:
    void filter() {
        bpf_program program{};
        const bool own = !about_.filter.empty();
        if (pcap_compile(handle_.get(), &program, own ? about_.filter.c_str() : not_tcp, 1, PCAP_NETMASK_UNKNOWN) !=
            0) {
            if (!own) return;  // not for every link: then all comes
            throw CaptureError("--filter " + about_.filter + ": is no filter of " + about_.name + ": " +
                               pcap_geterr(handle_.get()));
        }
        const int result = pcap_setfilter(handle_.get(), &program);
        pcap_freecode(&program);
        if (result != 0 && own) refuse(pcap_geterr(handle_.get()));
    }
    /// False once it is to stop, and what had come by then is read.
    bool next_frames() {
        octets_.clear();
        given_ = 0;
        while (octets_.empty()) {
            const bool last = about_.stop && about_.stop();
            if (last && std::exchange(stopped_, true)) return tell(), false;
            pollfd ready{pcap_get_selectable_fd(handle_.get()), POLLIN, 0};
            ::poll(&ready, 1, 2 * patience_ms);  // a block that is not full is given within that time
            const int result = pcap_dispatch(handle_.get(), at_a_time, add, reinterpret_cast<std::uint8_t*>(this));
            if (result < 0 && result != PCAP_ERROR_BREAK)
                throw CaptureError(about_.name + ": cannot be captured any more: " + pcap_geterr(handle_.get()));
            pcap_dump_flush(dump_.get());
        }
        return true;
    }
    static void add(std::uint8_t* self, const pcap_pkthdr* header, const std::uint8_t* frame) {
        auto& to = *reinterpret_cast<LiveSource*>(self);
        pcap_dump(reinterpret_cast<std::uint8_t*>(to.dump_.get()), header, frame);
        if (to.octets_.size() >= enough) pcap_breakloop(to.handle_.get());
    }
    void tell() {
        pcap_stat counts{};
        if (!about_.count || pcap_stats(handle_.get(), &counts) != 0) return;
        const std::uint64_t beside = counts.ps_ifdrop;  // lost before the kernel had them; ps_recv has those it lost
        std::exchange(about_.count, nullptr)(counts.ps_recv + beside, counts.ps_drop + beside);
    }
    std::string reason(int result) const {
        if (result == PCAP_ERROR_PERM_DENIED || result == PCAP_ERROR_PROMISC_PERM_DENIED)
            return "permission is denied; root may, and who has CAP_NET_RAW";
        const std::string more = pcap_geterr(handle_.get());
        return more.empty() ? pcap_statustostr(result) : more;
    }
    [[noreturn]] void refuse(const std::string& why) const {
        const auto names = interfaces();
        throw CaptureError("-i " + about_.name + ": cannot be captured: " + why +
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
    Interface about_;
    std::string octets_;
    std::unique_ptr<pcap_t, Close> handle_;
    std::FILE* file_ = nullptr;
    std::unique_ptr<pcap_dumper_t, Close> dump_;  // closes file_
    std::size_t given_ = 0;
    std::uint64_t taken_ = 0;
    bool stopped_ = false;
};

}  // namespace

std::unique_ptr<Source> open_interface(Interface interface) {
    return std::make_unique<LiveSource>(std::move(interface));
}

}  // namespace pcap
