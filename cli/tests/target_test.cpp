#include "cli/target.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "cli/limits.hpp"
#include "conformance/run_options.hpp"

namespace conformance {
std::span<const CaseInfo> case_table() { return {}; }
}  // namespace conformance

namespace cli {
namespace {

std::string refusal(const char* url) {
    try {
        return "taken: " + parse_url(url).url();
    } catch (const conformance::UsageError& e) {
        return e.what();
    }
}

TEST(Url, IsTakenApart) {
    const auto whole = parse_url("mqtt://us%40er:p%3Aw%2f@broker.example:1884/");
    EXPECT_EQ(whole.host, "broker.example");
    EXPECT_EQ(whole.port, 1884);
    EXPECT_EQ(whole.login.user_name, "us@er");
    EXPECT_EQ(whole.login.password, "p:w/");
    EXPECT_FALSE(whole.embedded);
    EXPECT_EQ(parse_url("mqtt://h").port, 1883);
    EXPECT_EQ(parse_url("mqtt://[::1]").host, "::1");
    EXPECT_EQ(parse_url("mqtt://u@h").login.password, std::nullopt);
    EXPECT_EQ(parse_url("mqtt://u:@h").login.password, "");
    EXPECT_EQ(parse_url("mqtt://u:a@b@h").login.password, "a@b");
}

TEST(Url, SecretsAreMasked) {
    EXPECT_EQ(parse_url("mqtt://u:secret@h:7").url(), "mqtt://u:***@h:7");
    EXPECT_EQ(masked_url("mqtt://u:se:cr@et@h"), "mqtt://u:***@h");
    EXPECT_EQ(masked_url("mqtt://h:1883"), "mqtt://h:1883");
    EXPECT_EQ(refusal("mqtt://u:secret@h:x"), "mqtt://u:***@h:x: the port has to be a number from 1 to 65535");
}

TEST(Url, EverySchemeHasItsPortAndPath) {
    using net::Transport;
    const auto parsed = [](const char* url) { return parse_url(url); };
    EXPECT_EQ(parsed("mqtt://h").transport, Transport::tcp);
    EXPECT_EQ(parsed("mqtts://h").transport, Transport::tls);
    EXPECT_EQ(parsed("mqtts://h").url(), "mqtts://h:8883");
    EXPECT_EQ(parsed("ws://h").url(), "ws://h:80/mqtt");
    EXPECT_EQ(parsed("ws://h/").url(), "ws://h:80/");
    EXPECT_EQ(parsed("wss://u:p@h/a/b@c").url(), "wss://u:***@h:443/a/b@c");
    EXPECT_EQ(parsed("wss://u:p@h/a/b@c").login.password, "p");
    EXPECT_EQ(parsed("wss://[::1]:8084/x?y=z").url(), "wss://[::1]:8084/x?y=z");
    EXPECT_EQ(parsed("unix:///run/a%20b").path, "/run/a b");
    EXPECT_EQ(parsed("unix://u:p@/run/b").url(), "unix://u:***@/run/b");
    bool names_port = true;
    parse_url("wss://h", &names_port);
    EXPECT_FALSE(names_port);
    parse_url("wss://h:443", &names_port);
    EXPECT_TRUE(names_port);
}

/// What the words of a command line make of the target.
conformance::Target resolved(std::vector<std::string> words) {
    CLI::App program;
    CLI::App* command = program.add_subcommand("test");
    command->set_help_flag();
    TargetOptions options;
    Common common;
    options.add(*command);
    common.add(*command);
    std::reverse(words.begin(), words.end());
    words.emplace_back("test");
    program.parse(words);
    fill(program, *command, common);
    return options.resolve(common);
}

TEST(Transports, OptionsAndUrlTogetherDecide) {
    const auto url = [](const std::vector<std::string>& words) {
        try {
            return resolved(words).url();
        } catch (const conformance::UsageError& e) {
            return std::string(e.what());
        }
    };
    EXPECT_EQ(url({}), "embedded");
    EXPECT_EQ(url({"-h", "h"}), "mqtt://h:1883");
    EXPECT_EQ(url({"-h", "h", "--cafile", "f"}), "mqtts://h:8883");
    EXPECT_EQ(url({"-h", "h", "--insecure", "-p", "7"}), "mqtts://h:7");
    EXPECT_EQ(url({"mqtt://h", "--cafile", "f"}), "mqtts://h:8883");
    EXPECT_EQ(url({"mqtt://h:1883", "--capath", "f"}), "mqtts://h:1883");
    EXPECT_EQ(url({"mqtt://h", "--ws"}), "ws://h:80/mqtt");
    EXPECT_EQ(url({"mqtts://h", "--ws-path", "x"}), "wss://h:443/x");
    EXPECT_EQ(url({"ws://h/a", "--tls-alpn", "mqtt", "--ws-path", "/b"}), "wss://h:443/b");
    EXPECT_EQ(url({"unix:///s", "--ws"}), "unix:///s: Unix sockets go with neither TLS nor WebSocket");
    EXPECT_EQ(url({"--ws"}), "--ws: wants a TARGET; the embedded broker is reached by plain TCP");
    const auto all = resolved({"mqtts://h", "--cafile", "a", "--cert", "b", "--key", "c", "--tls-alpn", "x", "--tls-alpn", "y"});
    EXPECT_EQ(all.tls, (net::TlsOptions{"a", "", "b", "c", false, {"x", "y"}}));
}

TEST(Url, MistakesAreNamed) {
    EXPECT_EQ(refusal("http://h"), "http://h: is no URL of a broker (mqtt, mqtts, ws, wss://host:port, unix:///path)");
    EXPECT_EQ(refusal("mqtts://h/x"), "mqtts://h/x: mqtts:// has no path");
    EXPECT_EQ(refusal("unix://h/x"), "unix://h/x: unix:// wants an absolute path, unix:///run/broker.sock");
    EXPECT_EQ(refusal("h:1883"), "h:1883: is no URL of a broker; did you mean mqtt://h:1883?");
    EXPECT_EQ(refusal("mqtt://u%zz@h"), "mqtt://u%zz@h: a % has to be followed by two hex digits");
    EXPECT_EQ(refusal("mqtt://u%2@h"), "mqtt://u%2@h: a % has to be followed by two hex digits");
    EXPECT_EQ(refusal("mqtt://[::1]x"), "mqtt://[::1]x: a port is expected after ]");
}

TEST(Versions, AllSpellings) {
    using mqtt::Version;
    const std::vector<Version> all{Version::v3_1, Version::v3_1_1, Version::v5};
    EXPECT_EQ(parse_versions("", all), all);
    EXPECT_EQ(parse_versions("5,3", all), (std::vector<Version>{Version::v3_1, Version::v5}));
    EXPECT_EQ(parse_versions("mqttv311", all), std::vector<Version>{Version::v3_1_1});
    EXPECT_THROW(parse_versions("3.1", {Version::v3_1_1, Version::v5}), conformance::UsageError);
    EXPECT_THROW(parse_versions("3.2", all), conformance::UsageError);
}

TEST(Limits, AreSetByKey) {
    reference::Settings s;
    apply_limit(s, "receive_maximum=20");
    apply_limit(s, "maximum_qos=1");
    apply_limit(s, "retain=0");
    apply_limit(s, "server_keep_alive=30");
    apply_limit(s, "time_to_connect=3");
    apply_limit(s, "sessions=5");
    EXPECT_EQ(s.offer.receive_maximum, 20);
    EXPECT_EQ(s.offer.maximum_qos, mqtt::QoS::at_least_once);
    EXPECT_FALSE(s.offer.retain);
    EXPECT_EQ(s.offer.server_keep_alive, 30);
    EXPECT_EQ(s.limits.time_to_connect, std::chrono::seconds(3));
    EXPECT_EQ(s.limits.sessions, 5u);
    for (const char* bad :
         {"retain=2", "receive_maximum=0", "receive_maximum=65536", "nosuch=1", "retain", "sessions=-1", "sessions=1x"})
        EXPECT_THROW(apply_limit(s, bad), conformance::UsageError) << bad;
}

}  // namespace
}  // namespace cli
