#include "cli/target.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "conformance/toml.hpp"
#include "conformance/versions.hpp"

namespace cli {
namespace {

using conformance::Target;

std::string decoded(std::string_view text, std::string_view url) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned octet = 0;
        const auto hex = text.substr(i + 1, 2);
        const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), octet, 16);
        if (hex.size() != 2 || error != std::errc() || end != hex.data() + 2)
            usage(masked_url(url) + ": a % has to be followed by two hex digits");
        out += static_cast<char>(octet);
        i += 2;
    }
    return out;
}

std::uint16_t parse_port(std::string_view text, std::string_view url) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port == 0)
        usage(masked_url(url) + ": the port has to be a number from 1 to 65535");
    return port;
}

/// Splits "host:port", "[::1]:port"; leaves the default port where there is none.
void parse_authority(std::string_view text, std::string_view url, Target& target) {
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == text.npos) usage(masked_url(url) + ": a ] is missing");
        target.host = text.substr(1, end - 1);
        text.remove_prefix(end + 1);
        if (!text.empty() && text[0] != ':') usage(masked_url(url) + ": a port is expected after ]");
    } else {
        target.host = text.substr(0, text.find(':'));
        text.remove_prefix(target.host.size());
    }
    if (target.host.empty()) usage(masked_url(url) + ": a host is missing");
    if (!text.empty()) target.port = parse_port(text.substr(1), url);
}

void check_scheme(std::string_view url) {
    for (const auto scheme : {"mqtts://", "ws://", "wss://"})
        if (url.starts_with(scheme)) usage(std::string(scheme) + ": TLS and WebSocket targets are not built yet");
    if (url.starts_with("mqtt://")) return;
    const bool bare = url.find("://") == url.npos;
    usage(masked_url(url) + ": is no URL of a broker" +
          (bare ? "; did you mean mqtt://" + masked_url(url) + "?" : " (mqtt://host:port)"));
}

std::string first_line(const std::string& path) {
    const std::string text = conformance::read_file(path);
    std::string line = text.substr(0, text.find('\n'));
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

}  // namespace

std::string masked_url(std::string_view url) {
    const auto scheme = url.find("://");
    const auto begin = scheme == url.npos ? 0 : scheme + 3;
    const auto at = url.rfind('@');
    const auto colon = url.find(':', begin);
    if (at == url.npos || colon == url.npos || colon > at) return std::string(url);
    return std::string(url.substr(0, colon + 1)) + "***" + std::string(url.substr(at));
}

Target parse_url(std::string_view url) {
    check_scheme(url);
    Target target;
    std::string_view rest = url.substr(std::string_view("mqtt://").size());
    if (const auto at = rest.rfind('@'); at != rest.npos) {
        const auto login = rest.substr(0, at);
        const auto colon = login.find(':');
        target.login.user_name = decoded(login.substr(0, colon), url);
        if (colon != login.npos) target.login.password = decoded(login.substr(colon + 1), url);
        rest.remove_prefix(at + 1);
    }
    const auto slash = rest.find('/');
    if (slash != rest.npos && rest.substr(slash) != "/") usage(masked_url(url) + ": mqtt:// has no path");
    parse_authority(rest.substr(0, slash), url, target);
    return target;
}

void TargetOptions::add(CLI::App& command) {
    const char* group = "Target and login";
    url_ = command.add_option("TARGET", url, "mqtt://[user[:password]@]host[:port]")->group(group);
    host_ = command.add_option("-h,--host", host, "host name or address")->type_name("HOST")->group(group);
    port_ = command.add_option("-p,--port", port, "port, 1883 by default")
                ->check(CLI::Range(1, 65535))
                ->type_name("PORT")
                ->group(group);
    user_name_ = command.add_option("-u,--username", user_name, "user name")->type_name("NAME")->group(group);
    password_ = command.add_option("-P,--password", password, "password; better in MQTTSPEC_PASSWORD or a file")
                    ->type_name("TEXT")
                    ->group(group);
    password_file_ = command.add_option("--password-file", password_file, "file whose first line is the password")
                         ->type_name("FILE")
                         ->group(group);
    for (const char* name : {"--cafile", "--capath", "--cert", "--key", "--tls-alpn"})
        not_built(command, name, "TLS is");
    not_built(command, "--insecure", "TLS is", false);
    not_built(command, "--ws", "WebSocket is", false);
    not_built(command, "--ws-path", "WebSocket is");
}

Target TargetOptions::resolve(const Common& common) const {
    const Source of_url = common.source(url_), of_host = common.source(host_), of_port = common.source(port_);
    Target target;
    target.embedded = std::max({of_url, of_host, of_port}) == Source::none;
    if (of_url != Source::none && (of_url == of_host || of_url == of_port))
        usage("a URL and --host or --port exclude each other");
    const bool url_counts = of_url != Source::none && of_url > of_host;
    if (url_counts)
        target = parse_url(url);
    else if (of_host != Source::none)
        target.host = host;
    if (of_port > (url_counts ? of_url : Source::none)) target.port = port;
    resolve_login(target.login, url_counts ? of_url : Source::none, common);
    return target;
}

void TargetOptions::resolve_login(conformance::Login& login, Source of_url, const Common& common) const {
    if (common.source(user_name_) > of_url || (!login.user_name && !user_name.empty())) login.user_name = user_name;
    const Source of_text = common.source(password_), of_file = common.source(password_file_);
    if (of_text != Source::none && of_text == of_file) usage("--password and --password-file exclude each other");
    const Source best = std::max(of_text, of_file);
    if (best == Source::none || (login.password && of_url > best)) return;
    login.password = of_text > of_file ? password : first_line(password_file);
}

std::vector<mqtt::Version> parse_versions(const std::string& text, const std::vector<mqtt::Version>& all) {
    std::vector<mqtt::Version> out;
    std::stringstream parts(text.empty() ? "all" : text);
    for (std::string part; std::getline(parts, part, ',');) {
        if (part == "all") {
            out.insert(out.end(), all.begin(), all.end());
            continue;
        }
        const auto version = conformance::parse_version(part);
        if (!version) usage("--protocol-version " + part + ": has to be 3.1, 3.1.1, 5 or all");
        if (std::find(all.begin(), all.end(), *version) == all.end())
            usage("--protocol-version " + part + ": there are no statements of MQTT 3.1 to test; `probe` knows it");
        out.push_back(*version);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

CLI::Option* add_versions(CLI::App& command, std::string& text) {
    return command
        .add_option("-V,--protocol-version", text, "3.1, 3.1.1, 5 (also mqttv31, mqttv311, mqttv5) or all, the default")
        ->type_name("VERSION")
        ->group("Target and login");
}

}  // namespace cli
