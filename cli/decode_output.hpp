// What `mqttspec decode` says: text or JSON lines, and counts.
#pragma once
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>

#include "cli/decode_stream.hpp"

namespace cli {

/// The standard output, gathered. Throws FileError where it cannot be written.
class Output {
public:
    void add(std::string_view text) {
        gathered_ += text;
        if (gathered_.size() > 64 << 10) flush();
    }
    void flush();

private:
    std::string gathered_;
};

struct Counts {
    struct Row {
        std::size_t packets = 0, octets = 0;
    };
    std::map<std::string, Row, std::less<>> types;           // named ones, RESERVED among them
    std::array<Row, 2> directions{};                         // client, server
    std::map<std::string, std::size_t, std::less<>> faults;  // by statement
    std::size_t packets = 0, octets = 0, all_faults = 0;
    bool cut = false;  // the stream ends in the middle
    void add(const Piece&);
};

struct Manner {
    bool json = false, verbose = false;
    std::string session;   // of the JSON lines
    bool capture = false;  // lines of text begin with time, session and side
    std::chrono::nanoseconds time{};
};
/// "1.000250": seconds, to the microsecond, or to the nanosecond where there are such.
std::string seconds(std::chrono::nanoseconds);
/// A piece as text or as a line of JSON.
std::string told(const Piece&, const Manner&);
/// All counts, as text or as a line of JSON of type STATS.
std::string told(const Counts&, const Manner&, mqtt::Version last);

}  // namespace cli
