// mqttspec broker: the reference broker.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <system_error>

#include "cli/commands.hpp"
#include "cli/judge_output.hpp"
#include "cli/limits.hpp"
#include "conformance/listing.hpp"
#include "conformance/patterns.hpp"
#include "conformance/reports/file.hpp"
#include "conformance/reports/reports.hpp"
#include "net/websocket.hpp"
#include "reference/login.hpp"
#include "reference/server.hpp"
#include "reference/store.hpp"

namespace cli {
namespace {

struct BrokerCommand {
    std::shared_ptr<Common> common = std::make_shared<Common>();
    std::uint16_t port = 1883, tls_port = 0, ws_port = 0, wss_port = 0;
    CLI::Option *tls_option = nullptr, *ws_option = nullptr, *wss_option = nullptr;
    net::TlsServerOptions tls;
    std::string unix_socket;
    std::string bind = "127.0.0.1", login_file, acl, log = "quiet", server_reference, judge_file, store, hash_user,
                hash_kind = "scrypt";
    std::vector<std::string> violate, limits;
    bool anonymous = false, store_sync = false;
    std::uint16_t metrics_port = 0;
    unsigned sys_interval = 10;
    CLI::Option *hash_option = nullptr, *metrics_option = nullptr, *judge_option = nullptr, *store_option = nullptr;
};

void add_options(CLI::App& app, BrokerCommand& o) {
    const auto all = CLI::detail::expected_max_vector_size;
    app.add_option("--port", o.port, "1883 by default; 0: any free one, printed")
        ->check(CLI::Range(0, 65535))
        ->type_name("PORT");
    app.add_option("--bind", o.bind, "address to listen on, 127.0.0.1 by default")->type_name("ADDRESS");
    app.add_option("--login-file", o.login_file, "user:hash lines; mosquitto_passwd's are understood too")
        ->type_name("FILE");
    app.add_option("--acl", o.acl, "who may do what, as mosquitto's acl_file")->type_name("FILE");
    app.add_flag("--allow-anonymous", o.anonymous,
                 "serve clients without a login too; needed with --login-file, or to serve everybody on an address "
                 "others reach");
    app.add_option("--violate", o.violate, "misbehave on purpose: id of a violation (mqttspec list); repeatable")
        ->type_name("ID")
        ->expected(1, all)
        ->allow_extra_args(false);
    app.add_option("--limits", o.limits, "KEY=VALUE, repeatable; keys: " + limit_keys())
        ->type_name("KEY=VALUE")
        ->expected(1, all)
        ->allow_extra_args(false);
    app.add_option(
           "--server-reference", o.server_reference,
           "serve nobody: CONNECT is answered by 'use another server' (0x9c; 3 before 5.0), and this one is named")
        ->type_name("HOST:PORT");
    app.add_option("--log", o.log, "packets, faults or quiet (the default)")
        ->check(CLI::IsMember({"packets", "faults", "quiet"}))
        ->type_name("LEVEL");
    o.judge_option = app.add_option("--judge-clients", o.judge_file,
                                    "tell each statement that a client breaks, and count them at the end; to FILE as "
                                    "JSON lines, too")
                         ->expected(0, 1)
                         ->type_name("[FILE]");
    app.add_option("--sys-interval", o.sys_interval, "seconds between $SYS/broker topics, 10 by default; 0: none")
        ->check(CLI::Range(0, 86'400))
        ->type_name("SECONDS");
    o.metrics_option =
        app.add_option("--metrics-port", o.metrics_port,
                       "serve GET /metrics for Prometheus there, on the address of --bind; 0: any free one")
            ->check(CLI::Range(0, 65535))
            ->type_name("PORT");
    o.store_option = app.add_option("--store", o.store,
                                    "keep sessions, their messages, retained messages and wills: they survive kill -9")
                         ->type_name("FILE");
    app.add_flag("--store-sync", o.store_sync, "with --store: wait for the disk, to survive a loss of power too");
    o.hash_option = app.add_option("--hash-password", o.hash_user,
                                   "read a password from stdin, print a line for the login file, and end")
                        ->expected(0, 1)
                        ->type_name("[USER]");
    app.add_option("--hash-kind", o.hash_kind,
                   "with --hash-password: scrypt (the default), or scram, good for SCRAM-SHA-256 as well")
        ->check(CLI::IsMember({"scrypt", "scram"}))
        ->type_name("KIND");
}

void add_listeners(CLI::App& app, BrokerCommand& o) {
    const char* group = "More listeners; port 0: any free one, printed";
    const auto port = [&](const char* name, std::uint16_t& to, const char* what) {
        return app.add_option(name, to, what)->check(CLI::Range(0, 65535))->type_name("PORT")->group(group);
    };
    o.tls_option = port("--tls-port", o.tls_port, "TLS, 8883 by custom");
    o.ws_option = port("--ws-port", o.ws_port, "WebSocket at /mqtt, 8083 by custom");
    o.wss_option = port("--wss-port", o.wss_port, "WebSocket over TLS, 8084 by custom");
    app.add_option("--unix-socket", o.unix_socket, "a Unix socket")->type_name("PATH")->group(group);
    app.add_option("--cert", o.tls.cert, "certificate and chain, PEM")->type_name("FILE")->group(group);
    app.add_option("--key", o.tls.key, "its key, PEM; may be in the same file")->type_name("FILE")->group(group);
    app.add_option("--cafile", o.tls.cafile, "whose client certificates count, PEM")->type_name("FILE")->group(group);
    app.add_flag("--require-certificate", o.tls.require_certificate,
                 "TLS clients need a certificate; its Common Name is their user name, and no password is asked for")
        ->group(group);
}

/// One line from stdin, not shown where that is a terminal.
std::string read_password() {
    termios before{};
    const bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        std::cerr << "Password: " << std::flush;
        termios hidden = before;
        hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    std::string line;
    const bool got = static_cast<bool>(std::getline(std::cin, line));
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        std::cerr << "\n";
    }
    if (!got) usage("--hash-password: a password is expected on the standard input");
    return line;
}

int print_hash(const BrokerCommand& o) {
    if (!reference::can_hash()) usage("--hash-password: this build has no hashing (-DMQTTSPEC_TLS=OFF)");
    if (o.hash_user.find(':') != std::string::npos)
        usage("--hash-password: a user name in a login file holds no colon");
    const auto kind = o.hash_kind == "scram" ? reference::HashKind::scram : reference::HashKind::scrypt;
    try {
        const std::string hash = reference::hash_password(read_password(), kind);
        fmt::print("{}{}{}\n", o.hash_user, o.hash_user.empty() ? "" : ":", hash);
    } catch (const std::invalid_argument& e) {
        usage(fmt::format("--hash-password: {}", e.what()));
    }
    return 0;
}

/// What to say about an id that is no violation: a statement's own are named.
[[noreturn]] void no_violation(const std::string& id) {
    std::string own;
    std::vector<std::string_view> known;
    for (const auto& v : reference::violations()) {
        known.push_back(v.id);
        if (v.statements.v3_1_1 == id || v.statements.v5 == id) own += (own.empty() ? "" : ", ") + std::string(v.id);
    }
    if (!conformance::is_statement(id))
        usage("--violate " + id + ": is no violation" + conformance::suggestion(id, known));
    usage("--violate " + id + ": is a statement; " +
          (own.empty() ? "no violation breaks it" : "what breaks it: " + own));
}

bool is_loopback(const std::string& address) {
    return address.starts_with("127.") || address == "::1" || address == "localhost";
}

/// Nobody has to be let in by name where there is no login file: everybody is, as long as only this machine can come.
reference::Settings settings(const BrokerCommand& o) {
    reference::Settings s;
    for (const auto& text : o.limits) apply_limit(s, text);
    s.server_reference = o.server_reference;
    for (const auto& id : o.violate) {
        const auto violation = reference::find_violation(id);
        if (!violation) no_violation(id);
        s.policy.violate(*violation);
    }
    if (o.login_file.empty() && !o.anonymous && !is_loopback(o.bind))
        usage("--bind " + o.bind +
              ": others reach that address: give --login-file FILE, or --allow-anonymous to serve everybody");
    if (!o.acl.empty()) s.allowed = reference::AclFile::read(o.acl).hook();
    return s;
}

reference::ServerOptions server_options(const BrokerCommand& o) {
    reference::ServerOptions s;
    s.bind = o.bind == "localhost" ? "127.0.0.1" : o.bind;
    s.port = o.port;
    s.version = conformance::tool().version;
    s.sys_interval = std::chrono::seconds(o.sys_interval);
    if (o.common->source(o.metrics_option) != Source::none) s.metrics_port = o.metrics_port;
    const auto given = [&o](const CLI::Option* option, std::uint16_t port) {
        return o.common->source(option) == Source::none ? std::nullopt : std::optional(port);
    };
    s.tls_port = given(o.tls_option, o.tls_port);
    s.ws_port = given(o.ws_option, o.ws_port);
    s.wss_port = given(o.wss_option, o.wss_port);
    s.unix_socket = o.unix_socket;
    s.tls = o.tls;
    if (!s.tls_port && !s.wss_port && (o.tls.require_certificate || !o.tls.cert.empty()))
        usage("--cert, --require-certificate: are for --tls-port and --wss-port");
    if (!o.tls.cafile.empty() && !o.tls.require_certificate)
        usage("--cafile: is for --require-certificate; without it no client is asked for a certificate");
    s.log_level = o.log == "packets"  ? reference::LogLevel::packets
                  : o.log == "faults" ? reference::LogLevel::faults
                                      : reference::LogLevel::quiet;
    s.log = [](const std::string& line) {
        std::fputs((line + "\n").c_str(), stdout);
        std::fflush(stdout);
    };
    return s;
}

std::unique_ptr<reference::Journal> store(const BrokerCommand& o) {
    if (o.common->source(o.store_option) == Source::none) {
        if (o.store_sync) usage("--store-sync: there is no --store FILE");
        return nullptr;
    }
    std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is to be an error, not the end
    reference::StoreOptions options{.path = o.store, .synchronous = o.store_sync};
    if (o.common->verbose) options.say = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
    return reference::open_store(std::move(options));
}

int run_broker(const BrokerCommand& o) {
    if (o.common->source(o.hash_option) != Source::none) return print_hash(o);
    auto what = settings(o);
    auto how = server_options(o);
    if (!o.login_file.empty()) {
        const auto logins = reference::LoginFile::read(o.login_file);
        how.login = logins.hook(o.anonymous);
        what.authenticators = logins.authenticators();
    }
    std::optional<JudgeOutput> judge;
    if (o.common->source(o.judge_option) != Source::none) {
        judge.emplace(o.judge_file);
        how.judge = [&](const reference::Accusation& a) { judge->tell(a); };
    }
    try {
        const auto journal = store(o);
        how.journal = journal.get();
        reference::Server server(what, how);
        const std::string host = how.bind.find(':') == std::string::npos ? how.bind : "[" + how.bind + "]";
        server.run([&] {
            std::string line = fmt::format("ready {}", fmt::join(server.urls(), " "));
            if (how.metrics_port) line += fmt::format(" metrics http://{}:{}/metrics", host, server.metrics_port());
            fmt::print("{}\n", line);
            std::fflush(stdout);
        });
    } catch (const reference::StoreRefused& e) {
        usage(std::string("--") + e.what());
    } catch (const reference::StoreFailed& e) {
        throw conformance::FileError(std::string("--") + e.what());
    } catch (const std::system_error& e) {
        usage(e.what());
    } catch (const net::TlsFault& e) {
        usage(e.what());
    } catch (const net::WebSocketFault& e) {
        usage(e.what());
    }
    if (judge) judge->sum_up();
    return 0;
}

}  // namespace

Command add_broker(CLI::App& program) {
    auto o = std::make_shared<BrokerCommand>();
    CLI::App* app = program.add_subcommand("broker", "the reference broker");
    add_options(*app, *o);
    add_listeners(*app, *o);
    o->common->add(*app);
    return {app, o->common, [o] { return run_broker(*o); }};
}

}  // namespace cli
