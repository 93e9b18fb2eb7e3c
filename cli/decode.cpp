// mqttspec decode: packets of a byte stream or of hex, and what is wrong with them.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "cli/commands.hpp"
#include "cli/decode_capture.hpp"
#include "cli/decode_output.hpp"
#include "codec/hex.hpp"
#include "conformance/versions.hpp"

namespace cli {
namespace {

struct DecodeOptions {
    std::string file, interface, filter, version, direction;
    std::vector<std::string> hex, ports;
    std::string keylog;
    bool json = false, stats = false;
    std::size_t max_packet = StreamOptions{}.max_packet;
};

[[noreturn]] void bad_hex(const std::string& word) {
    const bool prefixed = word.starts_with("0x") || word.starts_with("0X");
    for (std::size_t i = prefixed ? 2 : 0; i < word.size(); ++i)
        if (!std::isxdigit(static_cast<unsigned char>(word[i])) && !std::strchr(" ,:\t\r\n", word[i]))
            usage(fmt::format("--hex: '{}' at position {} of \"{}\" is no hex digit", word[i], i + 1, word));
    usage(fmt::format("--hex: \"{}\" has an octet of one digit; two digits each are needed", word));
}

/// Throws UsageError, with the position of what is no digit.
std::string octets_of(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) {
        const auto octets = mqtt::from_hex(word);
        if (!octets) bad_hex(word);
        out += *octets;
    }
    return out;
}

/// Whether a capture begins so, compressed or not. Waits for no octet that need not come.
bool is_capture(Window& window) {
    for (const std::string_view magic :
         {"\xa1\xb2\xc3\xd4", "\xd4\xc3\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x4d\x3c\xb2\xa1", "\xa1\xb2\xcd\x34",
          "\x34\xcd\xb2\xa1", "\x0a\x0d\x0d\x0a", "\x1f\x8b\x08", "\x28\xb5\x2f\xfd"}) {
        std::size_t n = 1;
        while (n <= magic.size() && mqtt::bytes(window.fill(n)).substr(0, n) == magic.substr(0, n)) ++n;
        if (n > magic.size()) return true;
    }
    return false;
}

StreamOptions stream_options(const DecodeOptions& o) {
    StreamOptions out{.version = conformance::parse_version(o.version), .from_server = {}, .max_packet = o.max_packet};
    if (!o.version.empty() && !out.version) usage("--protocol-version " + o.version + ": has to be 3.1, 3.1.1 or 5");
    if (!o.direction.empty()) out.from_server = o.direction == "server";
    return out;
}

Octets source(const DecodeOptions& o) {
    if (o.file.empty() && o.hex.empty())
        usage("decode: FILE, - (the standard input), -i INTERFACE or --hex BYTES is missing");
    if (!o.file.empty() && !o.hex.empty()) usage("decode: FILE and --hex exclude each other");
    return o.hex.empty() ? Octets::of_file(o.file) : Octets::of(octets_of(o.hex));
}

int run_on_capture(const DecodeOptions& o, const Common& common, std::string first) {
    if (!o.direction.empty()) usage("--direction: is for byte streams; a capture tells who sent what");
    return decode_capture(CaptureCall{o.file, o.interface, o.filter, o.ports, o.keylog, o.version, o.max_packet, o.json,
                                      o.stats, common.verbose, common.quiet},
                          std::move(first));
}

int run(const DecodeOptions& o, const Common& common) {
    const StreamOptions options = stream_options(o);
    if (!o.interface.empty()) {
        if (!o.file.empty() || !o.hex.empty() || !o.keylog.empty())
            usage(fmt::format("-i and {} exclude each other", !o.file.empty()  ? "FILE"
                                                              : !o.hex.empty() ? "--hex"
                                                                               : "--keylog"));
        return run_on_capture(o, common, {});
    }
    if (!o.filter.empty()) usage("--filter: is for -i INTERFACE");
    const Manner manner{o.json, common.verbose, o.hex.empty() ? o.file : "hex"};
    Octets octets = source(o);
    Output output;
    Window window(octets, o.max_packet, [&] { output.flush(); });
    if (o.hex.empty() && is_capture(window)) return run_on_capture(o, common, std::string(mqtt::bytes(window.rest())));
    if (!o.keylog.empty() || !o.ports.empty())
        usage(fmt::format("{}: is for captures; {} is none", o.ports.empty() ? "--keylog" : "--port-map",
                          manner.session));
    Counts counts;
    auto last = mqtt::Version::v5;
    const auto tell = [&](const Piece& p) {
        if (p.kind == Piece::Kind::midstream && (!o.json || !o.hex.empty())) return;  // as text it is said below
        output.add(told(p, manner));
        counts.add(p);
        last = p.packet->version;
    };
    take_apart(window, options, tell, [&](const Guess& guess) {
        if (!common.quiet) fmt::print(stderr, "mqttspec: {}; -V VERSION tells\n", guess.why);
    });
    if (counts.octets == 0 && !common.quiet) fmt::print(stderr, "mqttspec: there are no octets\n");
    if (o.stats) output.add(told(counts, manner, last));
    output.flush();
    return counts.all_faults ? 1 : 0;
}

}  // namespace

Command add_decode(CLI::App& program) {
    auto common = std::make_shared<Common>();
    auto o = std::make_shared<DecodeOptions>();
    CLI::App* app = program.add_subcommand(
        "decode", "packets of a capture, a byte stream or hex, as text or JSON, with their faults");
    app->add_option("FILE", o->file,
                    "a capture (pcap, pcapng; gz, zstd), or what one side of a connection sent; -: the standard input")
        ->type_name("");
    app->add_option("-i,--interface", o->interface, "what goes over it from now on, until Ctrl-C; any: all of them")
        ->type_name("INTERFACE");
    app->add_option("--filter", o->filter,
                    "which of it, as tcpdump has it (\"port 1883\", \"vlan 5 and host 10.0.0.1\"); all that may be TCP")
        ->type_name("EXPRESSION");
    app->add_option("--hex", o->hex, "octets as hex digits, in one word or several")
        ->type_name("BYTES")
        ->expected(1, -1);
    app->add_option("-V,--protocol-version", o->version,
                    "3.1, 3.1.1 or 5, until a CONNECT tells; without both it is guessed")
        ->type_name("VERSION");
    app->add_option("--direction", o->direction, "who sent it: client or server; else told by the packets")
        ->check(CLI::IsMember({"client", "server"}))
        ->type_name("SIDE");
    app->add_flag("--json", o->json, "a JSON object per packet and line");
    app->add_flag("--stats", o->stats, "counts at the end; of a capture: statistics in place of its packets");
    app->add_option("--port-map", o->ports,
                    "17501=mqtt: what a port of a capture carries (mqtt, ws, mqtts, none); repeatable")
        ->type_name("PORT=WHAT")
        ->allow_extra_args(false);
    app->add_option("--keylog", o->keylog, "TLS secrets (SSLKEYLOGFILE); tshark decrypts the capture with them")
        ->type_name("FILE");
    app->add_option("--max-packet", o->max_packet, "octets of a packet that are held and looked at (16777216)")
        ->check(CLI::Range(std::size_t(16), mqtt::largest_packet))
        ->type_name("N");
    common->add(*app);
    app->footer(
        "--verbose: octets with the names of their fields. Exit code: 0 no fault, 1 faults, 2 wrong call or input.\n"
        "A stream that ends in the middle of a packet is told, and is no fault.");
    return {app, common, [common, o] { return run(*o, *common); }};
}

}  // namespace cli
