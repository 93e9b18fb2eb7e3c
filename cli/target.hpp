// Target, login and protocol versions: the options every command that talks to a broker has.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.hpp"
#include "conformance/run_options.hpp"

namespace cli {

/// mqtt:// mqtts:// ws:// wss://[user[:password]@]host[:port][/path], unix://[user[:password]@]/path; user, password and
/// the path of a Unix socket may be percent-encoded. Throws UsageError, with secrets masked, for anything else.
/// `names_port`, where given, tells whether there was one.
conformance::Target parse_url(std::string_view url, bool* names_port = nullptr);
/// "***" in place of the password.
std::string masked_url(std::string_view url);

struct TargetOptions {
    std::string url, host, user_name, password, password_file;
    std::uint16_t port = 0;
    std::string ws_path;
    net::TlsOptions tls;
    bool ws = false;

    void add(CLI::App& command);
    /// What the sources together say; the embedded broker where they name no host and no port. Within one source a URL
    /// and --host or --port exclude each other; across sources the higher one wins.
    conformance::Target resolve(const Common& common) const;

private:
    CLI::Option *url_ = nullptr, *host_ = nullptr, *port_ = nullptr;
    CLI::Option *user_name_ = nullptr, *password_ = nullptr, *password_file_ = nullptr;
    CLI::App* command_ = nullptr;
    void add_login(CLI::App& command);
    void add_transport(CLI::App& command);
    void resolve_transport(conformance::Target& target, bool names_port) const;
    void refuse_for_embedded(const Common& common) const;
    void resolve_login(conformance::Login& login, Source of_url, const Common& common) const;
};

/// The value of -V: one version, a list with commas, or "all" (also ""): `all`. Throws UsageError.
std::vector<mqtt::Version> parse_versions(const std::string& text, const std::vector<mqtt::Version>& all);
CLI::Option* add_versions(CLI::App& command, std::string& text);

}  // namespace cli
