#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

#include "codec/explain.hpp"
#include "codec/hex.hpp"
#include "scenario/scenario.hpp"
#include "scenario/words.hpp"

namespace scenario {
namespace {

using nlohmann::json;

class Reader {
public:
    explicit Reader(std::string name) : name_(std::move(name)) {}

    Scenario all(std::string_view text) {
        while (!text.empty()) {
            const auto end = text.find('\n');
            line(text.substr(0, end));
            text.remove_prefix(end == text.npos ? text.size() : end + 1);
        }
        if (!headed_) fail("is empty; the first line has to be {\"schema\":\"" + std::string(schema) + "\"}");
        return std::move(out_);
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        throw ScenarioError(name_ + ":" + std::to_string(number_) + ": " + what);
    }

    void line(std::string_view text) {
        ++number_;
        if (text.find_first_not_of(" \t\r") == text.npos) return;
        const json j = json::parse(text, nullptr, false);
        if (!j.is_object()) fail("is no JSON object in one line");
        object_ = &j;
        used_.clear();
        if (!headed_)
            head();
        else if (j.contains("step"))
            step();
        else
            session();
        for (const auto& [key, value] : j.items())
            if (!used_.contains(key)) fail(key + ": is no member of this line");
    }
    const json* find(const char* key) {
        const auto at = object_->find(key);
        if (at == object_->end()) return nullptr;
        used_.insert(key);
        return &*at;
    }
    std::string text(const char* key, bool required) {
        const json* j = find(key);
        if (!j && !required) return {};
        if (!j) fail(std::string(key) + ": is missing");
        if (!j->is_string()) fail(std::string(key) + ": has to be a text");
        return j->get<std::string>();
    }
    template <std::size_t N>
    std::size_t word(const char* key, const std::array<std::string_view, N>& words, bool required,
                     std::size_t otherwise = 0) {
        const auto given = text(key, required);
        if (given.empty() && !required) return otherwise;
        if (const auto i = index_of(words, given)) return *i;
        std::string all;
        for (const auto w : words) all += (all.empty() ? "" : ", ") + std::string(w);
        fail(std::string(key) + ": \"" + given + "\" is none of " + all);
    }
    bool truth(const char* key) {
        const json* j = find(key);
        if (j && !j->is_boolean()) fail(std::string(key) + ": has to be true or false");
        return j && j->get<bool>();
    }

    void head() {
        if (text("schema", true) != schema) fail("schema: has to be \"" + std::string(schema) + "\"");
        out_.title = text("title", false);
        out_.source = text("source", false);
        headed_ = true;
    }
    void session() {
        Session s;
        s.name = text("session", true);
        const auto version = text("version", false);
        if (version == "3.1")
            s.version = mqtt::Version::v3_1;
        else if (version == "5")
            s.version = mqtt::Version::v5;
        else if (!version.empty() && version != "3.1.1")
            fail("version: \"" + version + "\" is none of 3.1, 3.1.1, 5");
        s.midstream = truth("midstream");
        s.note = text("note", false);
        if (!numbers_.emplace(s.name, std::uint32_t(out_.sessions.size())).second)
            fail("session: \"" + s.name + "\" stands twice");
        out_.sessions.push_back(std::move(s));
    }
    void step() {
        Step s;
        s.line = number_;
        s.kind = Step::Kind(word("step", kinds, true));
        const auto session_name = text("session", true);
        const auto found = numbers_.find(session_name);
        if (found == numbers_.end())
            fail("session: \"" + session_name + "\" is not known; a line {\"session\":...} has to come before");
        s.session = found->second;
        s.at = time();
        const bool from_server = s.kind == Step::Kind::expect;
        s.side = Side(word("side", sides, false, from_server));
        s.how = How(word("how", hows, false));
        s.reason = text("reason", false);
        if (const json* missing = find("missing")) {
            if (!missing->is_number_unsigned()) fail("missing: has to be a number of octets");
            s.missing = missing->get<std::size_t>();
        }
        using Kind = Step::Kind;
        if (s.kind == Kind::send || s.kind == Kind::expect || s.kind == Kind::truncated) octets(s);
        out_.steps.push_back(std::move(s));
    }
    /// Without one: as the step before. Never goes back.
    Time time() {
        const json* at = find("at");
        if (!at) return last_;
        if (!at->is_number() || !(at->get<double>() >= 0) || at->get<double>() > 1e9)
            fail("at: has to be a time in seconds, 0 or more");
        const auto t = Time(std::llround(at->get<double>() * 1e9));
        if (t < last_) fail("at: goes back in time; steps stand in their order");
        return last_ = t;
    }
    void octets(Step& s) {
        const json* hex = find("hex");
        const json* fields = find("fields");
        const auto type = text("type", false);
        if (hex) {
            if (fields || !type.empty()) fail("hex: excludes type and fields");
            const auto octets = hex->is_string() ? mqtt::from_hex(hex->get_ref<const std::string&>()) : std::nullopt;
            if (!octets) fail("hex: has to be pairs of hex digits");
            s.octets = *octets;
            s.raw = true;
            return;
        }
        if (type.empty()) fail("type: is missing; or give hex");
        auto& session = out_.sessions[s.session];
        try {
            s.octets = packet_of(type, fields ? *fields : json::object(), session.version);
            mqtt::Explained explained;
            mqtt::explain(explained, mqtt::octets(s.octets), session.version);
            session.version = explained.version;  // CONNECT says so for what follows
        } catch (const FieldError& e) {
            fail(e.what());
        }
    }

    std::string name_;
    Scenario out_;
    std::unordered_map<std::string, std::uint32_t> numbers_;
    std::size_t number_ = 0;
    Time last_{};
    bool headed_ = false;
    const json* object_ = nullptr;
    std::set<std::string> used_;
};

}  // namespace

Scenario read(std::string_view text, const std::string& name) { return Reader(name).all(text); }

bool is_scenario(std::string_view beginning) {
    const auto at = beginning.find_first_not_of(" \t\r\n");
    return at != beginning.npos && beginning[at] == '{' &&
           beginning.substr(0, 200).find("mqttspec.scenario/") != beginning.npos;
}

}  // namespace scenario
