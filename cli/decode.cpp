// mqttspec decode: packets of a byte stream or of hex, and what is wrong with them.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "cli/commands.hpp"
#include "cli/decode_output.hpp"
#include "codec/hex.hpp"
#include "conformance/versions.hpp"

namespace cli {
namespace {

struct DecodeOptions {
    std::string file, version, direction;
    std::vector<std::string> hex;
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

/// The name of the capture format that begins so; empty for a byte stream. Waits for no octet that need not come.
std::string_view capture_format(Window& window) {
    for (const std::string_view magic :
         {"\xa1\xb2\xc3\xd4", "\xd4\xc3\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x4d\x3c\xb2\xa1", "\x0a\x0d\x0d\x0a"}) {
        std::size_t n = 1;
        while (n <= 4 && mqtt::bytes(window.fill(n)).substr(0, n) == magic.substr(0, n)) ++n;
        if (n > 4) return magic[0] == '\n' ? "pcapng" : "pcap";
    }
    return "";
}

StreamOptions stream_options(const DecodeOptions& o) {
    StreamOptions out{.version = conformance::parse_version(o.version), .from_server = {}, .max_packet = o.max_packet};
    if (!o.version.empty() && !out.version) usage("--protocol-version " + o.version + ": has to be 3.1, 3.1.1 or 5");
    if (!o.direction.empty()) out.from_server = o.direction == "server";
    return out;
}

Octets source(const DecodeOptions& o) {
    if (o.file.empty() && o.hex.empty()) usage("decode: FILE, - (the standard input) or --hex BYTES is missing");
    if (!o.file.empty() && !o.hex.empty()) usage("decode: FILE and --hex exclude each other");
    return o.hex.empty() ? Octets::of_file(o.file) : Octets::of(octets_of(o.hex));
}

int run(const DecodeOptions& o, const Common& common) {
    const StreamOptions options = stream_options(o);
    const Manner manner{o.json, common.verbose, o.hex.empty() ? o.file : "hex"};
    Octets octets = source(o);
    Output output;
    Window window(octets, o.max_packet, [&] { output.flush(); });
    const auto format = o.hex.empty() ? capture_format(window) : "";
    if (!format.empty())
        usage(
            fmt::format("{}: is a capture ({}), which is not read yet; a stream of it: tshark -r FILE -q -z "
                        "follow,tcp,raw,0, its hex to --hex",
                        o.file, format));
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
    CLI::App* app =
        program.add_subcommand("decode", "packets of a byte stream or hex, as text or JSON, with their faults");
    app->add_option("FILE", o->file, "what one side of a connection sent; - is the standard input")->type_name("");
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
    app->add_flag("--stats", o->stats, "counts at the end");
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
