#include "cli/judge_output.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "codec/hex.hpp"
#include "conformance/reports/file.hpp"

namespace cli {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t on_a_line = 32, in_the_file = 1'024;  // octets of a packet, as hex

/// "2026-01-01T00:00:00.000Z".
std::string now() {
    using namespace std::chrono;
    const auto at = floor<milliseconds>(system_clock::now());
    const auto day = floor<days>(at);
    const year_month_day date(day);
    const hh_mm_ss time(at - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int(date.year()), unsigned(date.month()),
                       unsigned(date.day()), time.hours().count(), time.minutes().count(), time.seconds().count(),
                       time.subseconds().count());
}

std::string line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

JudgeOutput::JudgeOutput(const std::string& path) : path_(path) {
    if (path.empty()) return;
    errno = 0;
    file_.open(path);
    if (!file_) usage("--judge-clients=" + path + ": cannot be written: " + std::strerror(errno));
}

void JudgeOutput::tell(const reference::Accusation& a) {
    const std::string client(a.client);
    ++statements_[std::string(a.statement)];
    if (clients_.size() < most_clients) clients_.insert(client);
    const auto shown = mqtt::hex(a.packet, on_a_line);
    fmt::print("judge: client {} breaks {}: {}{}{}\n", line(client), a.statement, a.what, shown.empty() ? "" : ": ",
               shown);
    std::fflush(stdout);
    if (!file_.is_open() || !trouble_.empty()) return;
    errno = 0;
    file_ << line({{"time", now()}, {"client", client}, {"statement", a.statement}, {"what", a.what},
                   {"hex", mqtt::hex(a.packet, in_the_file)}})
          << std::endl;
    if (file_) return;
    trouble_ = "--judge-clients=" + path_ + ": cannot be written to any more: " + std::strerror(errno);
    fmt::print(stderr, "mqttspec: {}\n", trouble_);  // now, and again by the exit code
}

void JudgeOutput::sum_up() const {
    std::uint64_t all = 0;
    for (const auto& [statement, count] : statements_) all += count;
    fmt::print("judged {}\n", line({{"accusations", all}, {"clients", clients_.size()}, {"statements", statements_}}));
    std::fflush(stdout);
    if (!trouble_.empty()) throw conformance::FileError(trouble_);
}

}  // namespace cli
