#include <algorithm>

#include "pcap/flows.hpp"
#include "pcap/read.hpp"

namespace pcap {
namespace {

constexpr std::uint64_t frames_between = 4'096;  // from one report of progress to the next

std::optional<Carried> carried(std::string_view word) {
    if (word == "mqtt") return Carried::mqtt;
    if (word == "ws" || word == "websocket") return Carried::web_socket;
    if (word == "mqtts" || word == "tls" || word == "wss") return Carried::tls;
    if (word == "none" || word == "other") return Carried::other;
    return std::nullopt;
}

}  // namespace

void add_port(std::map<std::uint16_t, Carried>& ports, const std::string& text) {
    const auto equals = text.find('=');
    const auto what = equals == text.npos ? std::nullopt : carried(std::string_view(text).substr(equals + 1));
    const auto digits = text.substr(0, equals);
    const bool number = !digits.empty() && digits.size() <= 5 && digits.find_first_not_of("0123456789") == digits.npos;
    if (!what || !number || std::stoul(digits) == 0 || std::stoul(digits) > 65'535)
        throw CaptureError("--port-map " + text + ": has to be PORT=mqtt, PORT=ws, PORT=mqtts or PORT=none");
    ports[std::uint16_t(std::stoul(digits))] = *what;
}

void read_capture(std::unique_ptr<Source> from, const std::string& name, const Options& options, Listener& listener) {
    FrameReader frames(std::move(from), name);
    Dissector dissector;
    Flows flows(options, listener);
    Frame frame;
    Segment segment;
    Time now{};
    const auto end = [&] { flows.end(now); };
    try {
        for (std::uint64_t count = 0; frames.next(frame); ++count) {
            if (count == 0) listener.begins(frame.time);
            now = frame.time;
            if (dissector.segment(frame, segment)) flows.segment(segment);
            if (count % frames_between) continue;
            if (options.progress) options.progress(frames.taken());
            if (options.stop && options.stop()) break;
        }
    } catch (const CaptureError&) {  // what was whole is told
        end();
        throw;
    }
    end();
    if (options.progress) options.progress(frames.taken());
    if (!frames.cut().empty() && !(options.stop && options.stop()))
        listener.remark({Remark::Kind::cut, now, frames.cut()});
}

void read_capture(const std::string& path, const Options& options, Listener& listener) {
    read_capture(open_source(path, options.stop), path == "-" ? "the standard input" : path, options, listener);
}

}  // namespace pcap
