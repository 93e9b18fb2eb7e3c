// What clients do and what they are answered, step by step: made from a capture, by hand or by a fuzzer; read and
// written as JSON Lines ("mqttspec.scenario/1", docs/replay.md). Owns its octets.
#pragma once
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "codec/codec.hpp"
#include "scenario/fields.hpp"

namespace scenario {

using Time = std::chrono::nanoseconds;  // since the first step

/// One network connection.
struct Session {
    std::string name;
    mqtt::Version version = mqtt::Version::v3_1_1;
    bool midstream = false;  // its beginning is not known
    std::string note{};      // for people
};

enum class Side : std::uint8_t { client, server };
enum class How : std::uint8_t { fin, reset, end_of_capture };

struct Step {
    enum class Kind : std::uint8_t {
        open,       // the client connects
        send,       // the client sends `octets`: one packet, or anything
        expect,     // the server sent `octets`
        close,      // `side` ended the connection, `how`
        gap,        // `missing` octets of `side` are not known
        truncated,  // of a packet of `side` only `octets` are known, `missing` are not
    };
    Time at{};
    std::uint32_t session = 0;  // its place in Scenario::sessions
    Kind kind{};
    Side side = Side::client;
    How how = How::fin;
    bool raw = false;  // octets that need not be a packet
    std::size_t missing = 0;
    std::string octets{}, reason{};
    std::size_t line = 0;  // in the file; 0: from elsewhere
};

struct Scenario {
    std::string title, source;  // source: the capture
    std::vector<Session> sessions;
    std::vector<Step> steps;  // in their order
};

/// One line that names the place, what is wrong and what it has to be.
struct ScenarioError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// `name` is for messages. Throws ScenarioError.
Scenario read(std::string_view text, const std::string& name);
/// True where a file begins as a scenario does.
bool is_scenario(std::string_view beginning);
std::string write(const Scenario&, Secrets);

}  // namespace scenario
