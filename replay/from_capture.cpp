#include "replay/from_capture.hpp"

#include <algorithm>
#include <unordered_map>

namespace replay {
namespace {

using pcap::Event;
using Kind = scenario::Step::Kind;

class Recorder final : public pcap::Listener {
public:
    Recorder(std::string path, std::size_t most) : path_(std::move(path)), most_(most) { out.scenario.source = path_; }

    void begins(pcap::Time t) override { begin_ = t; }
    void remark(const pcap::Remark& r) override { out.remarks.push_back(r.text); }
    void on(const pcap::Conversation& c, const Event& e) override {
        const auto [known, fresh] = numbers_.try_emplace(c.number, std::uint32_t(out.scenario.sessions.size()));
        if (fresh) out.scenario.sessions.push_back({c.name, c.version, false, {}});
        auto& session = out.scenario.sessions[known->second];
        session.version = c.version;
        session.name = c.name;
        if (e.kind == Event::Kind::midstream) session.midstream = true;
        if (const auto kind = kind_of(e); kind) add(known->second, *kind, e);
    }

    Captured out;

private:
    static std::optional<Kind> kind_of(const Event& e) {
        switch (e.kind) {
            case Event::Kind::opened: return Kind::open;
            case Event::Kind::packet: return e.side == pcap::Side::client ? Kind::send : Kind::expect;
            case Event::Kind::truncated: return Kind::truncated;
            case Event::Kind::gap: return Kind::gap;
            case Event::Kind::closed: return Kind::close;
            case Event::Kind::midstream: return std::nullopt;
        }
        return std::nullopt;
    }
    void add(std::uint32_t session, Kind kind, const Event& e) {
        if ((held_ += e.octets.size()) > most_)
            throw pcap::CaptureError(path_ + ": holds more than " + std::to_string(most_ >> 20) +
                                     " MiB of packets; a part of it: editcap, or tcpdump -r FILE -w PART 'port N'");
        scenario::Step s;
        s.at = last_ = std::max(last_, e.time - begin_);
        s.session = session;
        s.kind = kind;
        s.side = scenario::Side(e.side);
        s.how = scenario::How(e.how);
        s.missing = e.missing;
        s.octets = mqtt::bytes(e.octets);
        s.reason = e.reason;
        out.scenario.steps.push_back(std::move(s));
    }

    const std::string path_;
    const std::size_t most_;
    std::size_t held_ = 0;
    pcap::Time begin_{}, last_{};
    std::unordered_map<std::uint32_t, std::uint32_t> numbers_;
};

}  // namespace

Captured from_capture(const std::string& path, const pcap::Options& options, std::size_t most) {
    Recorder recorder(path, most);
    pcap::read_capture(path, options, recorder);
    return std::move(recorder.out);
}

}  // namespace replay
