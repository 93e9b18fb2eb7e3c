#include "cli/decode_capture.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "cli/capture_stats.hpp"
#include "cli/decode_output.hpp"
#include "cli/options.hpp"
#include "cli/progress.hpp"
#include "conformance/versions.hpp"
#include "pcap/read.hpp"

namespace cli {
namespace {

using pcap::Conversation;
using pcap::Event;

/// The share of a file, or its megabytes, on a terminal.
class Share {
public:
    explicit Share(const CaptureCall& call)
        : shown_(!call.quiet && isatty(STDERR_FILENO) && (call.stats || !isatty(STDOUT_FILENO))) {
        struct stat about{};
        if (call.file == "-" || ::stat(call.file.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return;
        is_file_ = true;
        size_ = std::uint64_t(about.st_size);
    }
    ~Share() { clear(); }
    /// What else is to be said has a line of its own.
    void clear() {
        if (std::exchange(visible_, false)) fmt::print(stderr, "\r\033[K");
    }
    /// What can be read twice; no pipe.
    bool is_file() const { return is_file_; }
    void show(std::uint64_t taken) {
        if (!shown_ || taken < next_) return;
        next_ = taken + (8u << 20);
        visible_ = true;
        if (size_)
            fmt::print(stderr, "\r\033[K{} %", std::min<std::uint64_t>(100, taken * 100 / size_));
        else
            fmt::print(stderr, "\r\033[K{} MB", taken / 1'000'000);
        std::fflush(stderr);
    }

private:
    bool shown_, visible_ = false, is_file_ = false;
    std::uint64_t size_ = 0, next_ = 0;
};

/// Remarks go to stderr, and not by the thousand.
class Remarks {
public:
    Remarks(bool quiet, Share& share) : quiet_(quiet), share_(share) {}
    ~Remarks() {
        share_.clear();
        for (const auto& [kind, n] : told_)
            if (n > most && !quiet_) fmt::print(stderr, "mqttspec: {} more remarks of that kind\n", n - most);
    }
    void tell(const pcap::Remark& r) {
        share_.clear();
        if (++told_[r.kind] <= most && (!quiet_ || r.kind == pcap::Remark::Kind::cut))
            fmt::print(stderr, "mqttspec: {}\n", r.text);
    }

private:
    static constexpr std::size_t most = 20;
    bool quiet_;
    Share& share_;
    std::map<pcap::Remark::Kind, std::size_t> told_;
};

class Lines final : public pcap::Listener {
public:
    Lines(const CaptureCall& call, Output& output, Remarks& remarks)
        : remarks_(remarks), output_(output), manner_{call.json, call.verbose, "", true, {}}, file_(call.place()) {}

    void begins(pcap::Time first) override { first_ = first; }
    void on(const Conversation& c, const Event& e) override {
        if (e.kind == Event::Kind::opened || e.kind == Event::Kind::closed) return;
        Piece p{
            .length = e.length, .octets = e.octets, .from_server = e.side == pcap::Side::server, .packet = &packet_};
        p.missing = e.missing;
        p.reason = e.reason;
        switch (e.kind) {
            case Event::Kind::truncated:
                p.kind = Piece::Kind::truncated;
                p.length = e.length ? e.length - e.missing : e.octets.size();
                break;
            case Event::Kind::gap: p.kind = Piece::Kind::gap; break;
            case Event::Kind::midstream: p.kind = Piece::Kind::midstream; break;
            default: p.kind = Piece::Kind::packet; ++packets;
        }
        packet_ = {};
        if (e.octets.empty())
            packet_.version = c.version;
        else
            mqtt::explain(packet_, e.octets, c.version);
        faults |= !packet_.faults.empty();
        manner_.session = c.name;
        say(p, e.time);
    }
    void remark(const pcap::Remark& r) override {
        remarks_.tell(r);
        if (r.kind != pcap::Remark::Kind::cut || !manner_.json) return;
        packet_ = {};
        manner_.session = file_;
        Piece p{.kind = Piece::Kind::truncated, .packet = &packet_};
        p.reason = r.text;
        say(p, r.time);
    }
    std::size_t packets = 0;
    bool faults = false;

private:
    void say(const Piece& p, pcap::Time at) {
        manner_.time = at - first_;
        output_.add(told(p, manner_));
    }
    Remarks& remarks_;
    Output& output_;
    Manner manner_;
    std::string file_;
    pcap::Time first_{};
    mqtt::Explained packet_;
};

pcap::Options reading_options(const CaptureCall& call) {
    pcap::Options out;
    for (const auto& port : call.ports) pcap::add_port(out.ports, port);
    out.max_packet = call.max_packet;
    out.keylog = call.keylog;
    out.version = conformance::parse_version(call.version);
    out.stop = [] { return interrupted(); };
    return out;
}

/// What was told so far is to be seen before the next octets are waited for.
class Flushing final : public pcap::Source {
public:
    Flushing(std::unique_ptr<Source> from, std::function<void()> flush)
        : from_(std::move(from)), flush_(std::move(flush)) {}
    std::size_t read(std::span<std::uint8_t> into) override {
        flush_();
        return from_->read(into);
    }
    std::uint64_t taken() const override { return from_->taken(); }
    bool cut() const override { return from_->cut(); }

private:
    std::unique_ptr<Source> from_;
    std::function<void()> flush_;
};

/// Without them the gaps in what was told cannot be understood: --quiet does not silence it.
void tell_lost(Share& share, std::uint64_t come, std::uint64_t lost) {
    share.clear();
    if (lost)
        fmt::print(stderr,
                   "mqttspec: {} of {} frames were lost, for they came faster than they were read; --filter lets fewer "
                   "come, --stats takes less time\n",
                   lost, come);
}

/// Reads all of it; `flush` comes before waits and before throws. Throws UsageError.
void read(const CaptureCall& call, std::string first, pcap::Listener& listener, Share& share,
          const std::function<void()>& flush, const std::function<void()>& before_throwing) {
    try {
        auto options = reading_options(call);
        options.progress = [&](std::uint64_t taken) { share.show(taken); };
        if (call.interface.empty() && (share.is_file() || !call.keylog.empty()))
            return pcap::read_capture(call.file, options, listener);
        const bool live = !call.interface.empty();
        auto from = live ? pcap::open_interface({call.interface, call.filter, options.stop,
                                                 [&](auto come, auto lost) { tell_lost(share, come, lost); }})
                         : pcap::with_prefix(std::move(first), pcap::open_source(call.file, options.stop));
        if (live) options.stop = {};  // it ends where the source does: behind what had come
        if (live && !call.quiet) fmt::print(stderr, "mqttspec: capturing {}; Ctrl-C ends it\n", call.interface);
        pcap::read_capture(std::make_unique<Flushing>(std::move(from), flush),
                           call.file == "-" ? "the standard input" : call.place(), options, listener);
    } catch (const pcap::CaptureError& e) {
        before_throwing();
        usage(e.what());
    }
}

/// CaptureStats, and remarks for people.
class Statistics final : public pcap::Listener {
public:
    explicit Statistics(Remarks& remarks) : remarks_(remarks) {}
    void begins(pcap::Time first) override { stats.begins(first); }
    void on(const Conversation& c, const Event& e) override { stats.on(c, e); }
    void remark(const pcap::Remark& r) override {
        remarks_.tell(r);
        if (r.kind == pcap::Remark::Kind::cut) stats.cut();
    }
    CaptureStats stats;

private:
    Remarks& remarks_;
};

}  // namespace

int decode_capture(const CaptureCall& call, std::string first) {
    catch_interrupts();
    Output output;
    Share share(call);
    Remarks remarks(call.quiet, share);
    Lines lines(call, output, remarks);
    Statistics statistics(remarks);
    auto& listener = call.stats ? static_cast<pcap::Listener&>(statistics) : lines;
    const auto flush = [&] { output.flush(); };
    const auto finish = [&] {
        share.clear();
        if (call.stats) output.add(call.json ? statistics.stats.json(call.place()) : statistics.stats.text());
        flush();
    };
    read(call, std::move(first), listener, share, flush, [&] {
        share.clear();
        if (!call.stats || statistics.stats.packets() != 0) finish();  // what was read before it broke
    });
    finish();
    const auto packets = call.stats ? statistics.stats.packets() : lines.packets;
    const bool faults = call.stats ? statistics.stats.faults() > 0 : lines.faults;
    if (packets == 0 && !call.quiet) fmt::print(stderr, "mqttspec: {}: no MQTT was found in it\n", call.place());
    return interrupted() ? 130 : faults ? 1 : 0;
}

}  // namespace cli
