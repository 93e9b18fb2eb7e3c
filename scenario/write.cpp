#include <array>
#include <cstdio>

#include "codec/explain.hpp"
#include "codec/hex.hpp"
#include "scenario/scenario.hpp"
#include "scenario/words.hpp"

namespace scenario {
namespace {

void member(std::string& out, std::string_view key, std::string_view text) {
    out += ",\"" + std::string(key) + "\":";
    mqtt::append_json_string(out, text);
}

std::string compact_hex(std::string_view octets) {
    std::string out;
    out.reserve(octets.size() * 2);
    constexpr std::string_view digits = "0123456789abcdef";
    for (const char c : octets) {
        out += digits[std::uint8_t(c) >> 4];
        out += digits[std::uint8_t(c) & 15];
    }
    return out;
}

void add_octets(std::string& out, const Step& step, mqtt::Version v, Secrets secrets) {
    const auto octets = mqtt::octets(step.octets);
    const auto fields = step.raw || step.kind == Step::Kind::truncated ? std::nullopt : fields_of(octets, v, secrets);
    if (fields) {
        member(out, "type", mqtt::name(mqtt::Type(octets[0] >> 4)));
        out += ",\"fields\":" + *fields;
    } else {
        member(out, "hex", compact_hex(secrets == Secrets::shown ? step.octets : masked(octets, v)));
    }
}

std::string line_of(const Step& step, const Session& session, Secrets secrets) {
    std::array<char, 48> time{};
    std::snprintf(time.data(), time.size(), "{\"at\":%.6f", std::chrono::duration<double>(step.at).count());
    std::string out = time.data();
    member(out, "session", session.name);
    member(out, "step", name(step.kind));
    using Kind = Step::Kind;
    const bool sided = step.kind == Kind::close || step.kind == Kind::gap || step.kind == Kind::truncated;
    if (sided) member(out, "side", name(step.side));
    if (step.kind == Kind::close) member(out, "how", name(step.how));
    if (step.missing) out += ",\"missing\":" + std::to_string(step.missing);
    if (step.kind == Kind::send || step.kind == Kind::expect || step.kind == Kind::truncated)
        add_octets(out, step, session.version, secrets);
    if (!step.reason.empty()) member(out, "reason", step.reason);
    return out + "}\n";
}

}  // namespace

std::string write(const Scenario& scenario, Secrets secrets) {
    std::string out = "{\"schema\":\"" + std::string(schema) + "\"";
    if (!scenario.title.empty()) member(out, "title", scenario.title);
    if (!scenario.source.empty()) member(out, "source", scenario.source);
    out += "}\n";
    for (const auto& s : scenario.sessions) {
        out += "{\"session\":";
        mqtt::append_json_string(out, s.name);
        member(out, "version", mqtt::name(s.version));
        if (s.midstream) out += ",\"midstream\":true";
        if (!s.note.empty()) member(out, "note", s.note);
        out += "}\n";
    }
    for (const auto& step : scenario.steps) out += line_of(step, scenario.sessions[step.session], secrets);
    return out;
}

}  // namespace scenario
