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

net::Transport transport_of(std::string_view url) {
    using net::Transport;
    for (const auto t : {Transport::tcp, Transport::tls, Transport::ws, Transport::wss, Transport::unix_socket})
        if (url.starts_with(std::string(net::scheme(t)) + "://")) return t;
    const bool bare = url.find("://") == url.npos;
    usage(masked_url(url) + ": is no URL of a broker" +
          (bare ? "; did you mean mqtt://" + masked_url(url) + "?" : " (mqtt, mqtts, ws, wss://host:port, unix:///path)"));
}

/// Takes "user:password@" off the front. Before a path a slash in it has to be percent-encoded.
void parse_login(std::string_view& rest, std::string_view url, Target& target) {
    const auto authority = net::has_frames(target.transport) ? rest.substr(0, rest.find('/')) : rest;
    const auto at = authority.rfind('@');
    if (at == rest.npos) return;
    const auto login = rest.substr(0, at);
    const auto colon = login.find(':');
    target.login.user_name = decoded(login.substr(0, colon), url);
    if (colon != login.npos) target.login.password = decoded(login.substr(colon + 1), url);
    rest.remove_prefix(at + 1);
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

Target parse_url(std::string_view url, bool* names_port) {
    Target target;
    target.transport = transport_of(url);
    std::string_view rest = url.substr(net::scheme(target.transport).size() + 3);
    parse_login(rest, url, target);
    if (target.transport == net::Transport::unix_socket) {
        if (!rest.starts_with('/')) usage(masked_url(url) + ": unix:// wants an absolute path, unix:///run/broker.sock");
        target.host.clear();
        target.path = decoded(rest, url);
        if (names_port) *names_port = true;
        return target;
    }
    const auto slash = rest.find('/');
    const auto path = slash == rest.npos ? std::string_view() : rest.substr(slash);
    if (net::has_frames(target.transport)) target.path = path.empty() ? net::default_path : path;
    else if (!path.empty() && path != "/") usage(masked_url(url) + ": " + std::string(net::scheme(target.transport)) + ":// has no path");
    target.port = 0;
    parse_authority(rest.substr(0, slash), url, target);
    if (names_port) *names_port = target.port != 0;
    if (target.port == 0) target.port = net::default_port(target.transport);
    return target;
}

constexpr const char* group = "Target and login";

void TargetOptions::add(CLI::App& command) {
    command_ = &command;
    url_ = command.add_option("TARGET", url,
                              "mqtt:// mqtts:// ws:// wss://[user[:password]@]host[:port][/path], unix:///path")
               ->group(group);
    host_ = command.add_option("-h,--host", host, "host name or address")->type_name("HOST")->group(group);
    port_ = command.add_option("-p,--port", port, "port; 1883 by default, 8883 with TLS, ws 80, wss 443")
                ->check(CLI::Range(1, 65535))
                ->type_name("PORT")
                ->group(group);
    add_login(command);
    add_transport(command);
}

void TargetOptions::add_login(CLI::App& command) {
    user_name_ = command.add_option("-u,--username", user_name, "user name")->type_name("NAME")->group(group);
    password_ = command.add_option("-P,--password", password, "password; better in MQTTSPEC_PASSWORD or a file")
                    ->type_name("TEXT")
                    ->group(group);
    password_file_ = command.add_option("--password-file", password_file, "file whose first line is the password")
                         ->type_name("FILE")
                         ->group(group);
}

void TargetOptions::add_transport(CLI::App& command) {
    const char* how = "Transport; any TLS option means TLS, also for mqtt:// and ws://";
    command.add_option("--cafile", tls.cafile, "whom to trust, PEM; else whom the system trusts")
        ->type_name("FILE")
        ->group(how);
    command.add_option("--capath", tls.capath, "the same, a folder (openssl rehash)")->type_name("FOLDER")->group(how);
    command.add_option("--cert", tls.cert, "our certificate, PEM")->type_name("FILE")->group(how);
    command.add_option("--key", tls.key, "its key, PEM; may be in the same file")->type_name("FILE")->group(how);
    command.add_flag("--insecure", tls.insecure, "trust any certificate")->group(how);
    command.add_option("--tls-alpn", tls.alpn, "protocol to offer by ALPN; repeatable")
        ->type_name("NAME")
        ->expected(1, CLI::detail::expected_max_vector_size)
        ->allow_extra_args(false)
        ->group(how);
    command.add_flag("--ws", ws, "over WebSocket")->group(how);
    command.add_option("--ws-path", ws_path, "path of the WebSocket, /mqtt by default; means --ws")
        ->type_name("PATH")
        ->group(how);
}

Target TargetOptions::resolve(const Common& common) const {
    const Source of_url = common.source(url_), of_host = common.source(host_), of_port = common.source(port_);
    Target target;
    target.embedded = std::max({of_url, of_host, of_port}) == Source::none;
    if (of_url != Source::none && (of_url == of_host || of_url == of_port))
        usage("a URL and --host or --port exclude each other");
    const bool url_counts = of_url != Source::none && of_url > of_host;
    bool names_port = false;
    if (url_counts)
        target = parse_url(url, &names_port);
    else if (of_host != Source::none)
        target.host = host;
    if (of_port > (url_counts ? of_url : Source::none)) {
        target.port = port;
        names_port = true;
    }
    resolve_login(target.login, url_counts ? of_url : Source::none, common);
    if (target.embedded) refuse_for_embedded(common);
    else resolve_transport(target, names_port);
    return target;
}

/// Only what was typed: the environment and a config file may be there for other runs.
void TargetOptions::refuse_for_embedded(const Common& common) const {
    for (const char* name : {"--cafile", "--capath", "--cert", "--key", "--insecure", "--tls-alpn", "--ws", "--ws-path"})
        if (common.source(command_->get_option(name)) == Source::flag)
            usage(std::string(name) + ": wants a TARGET; the embedded broker is reached by plain TCP");
}

void TargetOptions::resolve_transport(Target& target, bool names_port) const {
    using net::Transport;
    const bool with_frames = ws || !ws_path.empty(), with_tls = tls != net::TlsOptions{};
    if (target.transport == Transport::unix_socket) {
        if (with_frames || with_tls) usage(target.url() + ": Unix sockets go with neither TLS nor WebSocket");
        return;
    }
    const bool frames = with_frames || net::has_frames(target.transport);
    const bool encrypted = with_tls || net::has_tls(target.transport);
    target.transport = frames ? (encrypted ? Transport::wss : Transport::ws) : encrypted ? Transport::tls : Transport::tcp;
    target.tls = tls;
    if (!ws_path.empty()) target.path = ws_path.starts_with('/') ? ws_path : '/' + ws_path;
    if (!names_port) target.port = net::default_port(target.transport);
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
