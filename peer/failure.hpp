// What ends a case early from inside a wait. Caught at the runner's rim.
#pragma once
#include <stdexcept>
#include <string>
#include <utility>

#include "net/loop.hpp"

namespace peer {

/// Something awaited did not come, or something else came: the case fails unless it says otherwise.
struct Failure : std::runtime_error {
    enum class Cause : std::uint8_t { other, timeout, other_packet, ended, malformed };
    explicit Failure(const std::string& message, Cause why = Cause::other) : std::runtime_error(message), cause(why) {}
    Failure(const std::string& message, std::string awaited, std::string came, Cause why = Cause::other)
        : std::runtime_error(message), expected(std::move(awaited)), actual(std::move(came)), cause(why) {}
    std::string expected, actual;  // for the report; may be empty
    Cause cause;
};

/// No network connection could be established: not the fault of a statement.
struct LinkError : std::runtime_error {
    LinkError(const std::string& message, net::End end) : std::runtime_error(message), how(end) {}
    net::End how;
};

}  // namespace peer
