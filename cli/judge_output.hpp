// What --judge-clients writes: a line on stdout and one in a file for each accusation, and a count at the end.
#pragma once
#include <cstdint>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "reference/client_judge.hpp"

namespace cli {

class JudgeOutput {
public:
    /// The file is made anew; empty: there is none. A file that cannot be written is a usage error.
    explicit JudgeOutput(const std::string& path);
    void tell(const reference::Accusation&);
    /// `judged {"accusations": 3, "clients": 2, "statements": {"MQTT-3.1.0-2": 3}}` on stdout.
    /// Throws FileError where lines of the file could not be written.
    void sum_up() const;

private:
    std::string path_, trouble_;  // trouble_: why the file has no more lines
    std::ofstream file_;
    std::map<std::string, std::uint64_t> statements_;
    std::set<std::string> clients_;  // so many at most, or memory grows with what clients call themselves
    static constexpr std::size_t most_clients = 10'000;
};

}  // namespace cli
