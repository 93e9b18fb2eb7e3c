// What a run is asked to do. The command line fills these in; the runner, the prober and the prover read them.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "conformance/case_table.hpp"
#include "conformance/profile.hpp"
#include "net/transport.hpp"

namespace conformance {

/// The target cannot be reached, refuses the login, speaks no MQTT, or was lost midway: exit code 3.
struct TargetError : std::runtime_error {
    using std::runtime_error::runtime_error;
};
/// A wrong option, a missing or unreadable file, an unknown id, a pattern without a match: exit code 2.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Target {
    bool embedded = false;           // the reference broker in this process; host and port are then meaningless
    std::string host = "127.0.0.1";  // a name, or an address in digits (IPv6 without brackets)
    std::uint16_t port = 1883;
    Login login{};
    net::Transport transport = net::Transport::tcp;
    std::string path{};  // of the WebSocket, "/mqtt" if empty; of the Unix socket
    net::TlsOptions tls{};
    /// "mqtt://127.0.0.1:1883"; with a user name, the password is shown as ***. "embedded" where it is.
    std::string url() const;
};

/// `mqttspec test`.
struct RunOptions {
    Target target;
    Profile profile;
    std::vector<Selected> cases;  // in the order of the standard, 3.1.1 before 5; all of one version in a row
    unsigned jobs = 64;           // cases under way at a time
    unsigned repeat = 1;          // runs of every case; each is a CaseResult of its own
    std::chrono::milliseconds timeout{5000};  // of one wait for an answer; the runner derives a case's deadline from it
    std::uint64_t seed = 1;
    bool keep_packets = false;                               // of findings, for their evidence
    bool verbose = false;                                    // keep the ladder of passes too
    std::function<bool()> cancelled = [] { return false; };  // Ctrl-C came: finish what is there, set `interrupted`
};

/// `mqttspec probe`.
struct ProbeOptions {
    Target target;
    Profile profile;
    std::vector<mqtt::Version> versions;  // of 3.1, 3.1.1 and 5
    std::chrono::milliseconds timeout{5000};
};

/// `mqttspec prove`.
struct ProofOptions {
    std::vector<std::string> violations;  // ids; empty: all, and the legal variations
    std::vector<Selected> cases;
    unsigned jobs = 0;  // threads; 0: as many as there are cores
    std::uint64_t seed = 1;
    std::function<bool()> cancelled = [] { return false; };
};

}  // namespace conformance
