#include "pcap/evidence.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include "codec/explain.hpp"
#include "codec/hex.hpp"
#include "conformance/reports/file.hpp"
#include "conformance/reports/reports.hpp"
#include "conformance/reports/text.hpp"
#include "conformance/run_options.hpp"
#include "conformance/statements.hpp"
#include "pcap/writer.hpp"
#include "peer/transcript.hpp"

namespace pcap {
namespace {

using conformance::CaseResult;
using peer::Direction;
using peer::Entry;

std::string title(const CaseResult& c) { return fmt::format("{} ({})", c.name, mqtt::name(c.protocol)); }

/// Entries to segments: peers are clients, and their events say how a connection begins and ends.
class Recording {
public:
    Recording(CaptureWriter& to, std::uint64_t begin) : to_(to), begin_(begin) {}
    void add(const Entry& e) {
        const auto time = begin_ + std::uint64_t(e.time.count());
        if (e.direction == Direction::event) return event(e, time);
        const bool ours = e.direction == Direction::sent || e.direction == Direction::raw_sent;
        to_.send(line(e.peer, time).number, ours, e.bytes, time);
    }

private:
    struct Line {
        std::size_t number;
        bool told = false, over = false;  // "opened" was told; nothing more comes
    };
    Line& line(const std::string& peer, std::uint64_t time) {
        const auto it = lines_.find(peer);
        if (it != lines_.end() && !it->second.over) return it->second;
        return lines_[peer] = Line{to_.open(peer, time)};
    }
    void event(const Entry& e, std::uint64_t time) {
        if (e.bytes == "opened") {
            if (line(e.peer, time).told) lines_[e.peer].over = true;  // another one of the same name
            line(e.peer, time).told = true;
            return;
        }
        const auto it = lines_.find(e.peer);
        if (it == lines_.end() || it->second.over) return;
        Line& of = it->second;
        if (e.bytes == "FIN")
            to_.finish(of.number, false, time);
        else if (e.bytes == "RST")
            to_.reset(of.number, false, time), of.over = true;
        else if (e.bytes == "half-closed")
            to_.finish(of.number, true, time);
        else if (e.bytes == "closed")
            to_.finish(of.number, true, time), of.over = true;
        else if (e.bytes == "reset")
            to_.reset(of.number, true, time), of.over = true;
    }
    CaptureWriter& to_;
    std::uint64_t begin_;
    std::map<std::string, Line> lines_;
};

std::string capture(const CaseResult& c, std::chrono::system_clock::time_point started) {
    const auto since = std::chrono::duration_cast<std::chrono::microseconds>(started.time_since_epoch()).count();
    CaptureWriter writer(
        "mqttspec " + conformance::tool().version,
        fmt::format("{}: {}. Addresses and segments are made up, octets and times are not.", title(c), c.message));
    Recording recording(writer, std::uint64_t(since) + std::uint64_t(c.begun_s * 1e6));
    for (const Entry& e : *c.packets) recording.add(e);
    return writer.take();
}

std::string octets(const CaseResult& c) {
    std::string out;
    for (const Entry& e : *c.packets) {
        const bool ours = e.direction == Direction::sent || e.direction == Direction::raw_sent;
        const auto* arrow = e.direction == Direction::event ? "--" : ours ? "->" : "<-";
        out += fmt::format("{:.6f} {} {} ", std::chrono::duration<double>(e.time).count(),
                           conformance::printable(e.peer), arrow);
        if (e.direction == Direction::event || e.bytes.empty()) {
            out += conformance::printable(e.bytes) + "\n\n";
            continue;
        }
        mqtt::Explained packet;
        mqtt::explain(packet, mqtt::octets(e.bytes), e.version);
        const bool whole = e.direction == Direction::sent || e.direction == Direction::received;
        out += fmt::format("{} octets\n{}\n", e.bytes.size(),
                           whole ? mqtt::annotated(packet, mqtt::octets(e.bytes))
                                 : mqtt::hex(mqtt::octets(e.bytes), e.bytes.size()) + "\n");
    }
    return out;
}

std::string transcript(const CaseResult& c, const std::string& target) {
    std::string out =
        fmt::format("case      {}\n          {}\ntarget    {}, {}\n", title(c), c.title, target, c.transport);
    for (const auto& id : c.statements)
        if (const auto* s = conformance::find_statement(id, c.protocol))
            out += fmt::format("demanded  {} {} [{}, section {}]\n", id, s->summary, s->severity, s->section);
    out += fmt::format("verdict   {}\nfound     {}\n", conformance::name(c.verdict), conformance::printable(c.message));
    if (!c.expected.empty()) out += "expected  " + conformance::printable(c.expected) + "\n";
    if (!c.actual.empty()) out += "actual    " + conformance::printable(c.actual) + "\n";
    peer::Transcript lines;
    for (const Entry& e : *c.packets) lines.add(e.time, e.peer, e.direction, e.version, e.bytes);
    for (const auto& line : lines.lines(100'000)) out += conformance::printable(line) + "\n";
    return out;
}

void write(const std::string& path, std::string_view text) {
    try {
        conformance::ReportFile(path).commit(text);
    } catch (const conformance::UsageError& e) {  // it could be made at the start
        throw conformance::FileError(e.what());
    }
}

}  // namespace

void claim_folder(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw conformance::UsageError(folder + ": cannot be made: " + error.message());
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
        throw conformance::UsageError(folder + ": cannot be written to: " + std::strerror(errno));
}

void write_evidence(conformance::RunResult& result, const std::string& folder, const std::string& again) {
    std::map<std::string, unsigned> times;
    for (CaseResult& c : result.cases) {
        if (!c.packets) continue;
        auto name = fmt::format("{}-{}", c.name, mqtt::name(c.protocol));
        if (const auto n = ++times[name]; n > 1) name += fmt::format("-{}", n);
        const auto path = (std::filesystem::path(folder) / name).string();
        std::error_code error;
        std::filesystem::create_directories(path, error);
        if (error) throw conformance::FileError(path + ": cannot be made: " + error.message());
        write(path + "/packets.pcapng", capture(c, result.started));
        write(path + "/hex.txt", octets(c));
        write(path + "/transcript.txt", transcript(c, result.target_url));
        write(path + "/again.sh",
              fmt::format("#!/bin/sh\n{} -V {} --only {} \"$@\"\n", again, mqtt::name(c.protocol), c.name));
        std::filesystem::permissions(path + "/again.sh", std::filesystem::perms(0755), error);
        c.evidence = path;
    }
}

}  // namespace pcap
