// The judge: says of each packet a server sends whether the standard permits it, and at rest what is still owed.
// It knows sets of permitted answers, never "the" answer, and shares the codec alone with the reference broker.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "codec/words.hpp"

namespace model {

using Time = std::chrono::milliseconds;  // since an epoch of the caller's
using ConnectionId = std::uint64_t;      // one network connection; never used again

/// A rule that the server broke.
struct Finding {
    ConnectionId connection = 0;
    Time at{};
    std::string_view statement;  // of the version the connection speaks
    std::string what;
    bool advice = false;  // a SHOULD, or unwise: no MUST is broken
};

enum class Closer { client, server };

/// Told everything that passes between a server and its clients, in an order in which the server may have done it.
/// Between two rests the order of what happens on different connections is taken to be unknown.
class Model {
public:
    /// `slack` is how late what is due may come, and how early what lapses may lapse: 0 in virtual time.
    explicit Model(Time slack = Time{0});
    Model(Model&&) noexcept;
    Model& operator=(Model&&) noexcept;
    ~Model();

    void opened(ConnectionId, Time);
    /// Octets of the client, and of the server, in any chunks.
    void sent(ConnectionId, mqtt::View, Time);
    void received(ConnectionId, mqtt::View, Time);
    void closed(ConnectionId, Closer, Time);
    /// Everything sent has been dealt with, and everything the server sent because of it was told: what is owed and
    /// has not come is a finding from now on.
    void rest(Time);

    /// In the order found; each is told once.
    const std::vector<Finding>& findings() const;

private:
    struct Judge;
    std::unique_ptr<Judge> judge_;
};

}  // namespace model
