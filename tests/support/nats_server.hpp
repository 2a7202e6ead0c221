// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/monitor.hpp"

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace conats::test {

/// `2.9.10`, comparable.
class server_version {
public:
    constexpr server_version(int major, int minor, int patch = 0)
        : major_(major),
          minor_(minor),
          patch_(patch) {}

    /// Reads the first `1.2.3` in a text; parts that are absent are 0.
    [[nodiscard]] static server_version parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;

    friend constexpr auto operator<=>(const server_version&, const server_version&) = default;
    friend std::ostream& operator<<(std::ostream& out, const server_version& version);

private:
    int major_;
    int minor_;
    int patch_;
};

/// Ends the running test as skipped: CTest shows it so, Catch2 counts no failure. Only in the
/// test's own thread.
[[noreturn]] void skip_test(std::string_view reason);

/// The nats-server tests run: CONATS_TEST_SERVER, else NATS_SERVER, else the first in PATH, else
/// /usr/sbin/nats-server; empty where there is none. What an environment variable names must be
/// there (std::runtime_error).
[[nodiscard]] std::string server_binary();

/// Its version; skips the test where there is none.
[[nodiscard]] server_version binary_version();

/// Skips the test (`SKIPPED: needs nats-server >= 2.10.0`) where the server is missing or older.
/// Where the environment's CONATS_REQUIRE_SERVER=<version> promises a server that is new enough,
/// that is a failure instead.
///
///     require_server({2, 10});
void require_server(server_version minimum);

/// How a nats_server is started. A class with setters and not an aggregate, for g++ 12.
class server_options {
public:
    server_options();
    server_options(std::string config); // NOLINT(google-explicit-constructor): reads well in tests
    server_options(const char* config); // NOLINT(google-explicit-constructor): reads well in tests

    /// The text of the config file. Ports and host are set by flags, which win over it.
    server_options& config(std::string text);
    /// Any flag of nats-server, with a value or without.
    server_options& flag(std::string name);
    server_options& flag(std::string name, std::string value);
    /// `--auth`: clients need this token.
    server_options& token(std::string value);
    /// The address to listen on: 127.0.0.1 unless told, `::1` is fine too.
    server_options& host(std::string address);
    /// Without it the server takes a free one.
    server_options& port(std::uint16_t number);
    /// Listens at port 4222 of a random 127.x.y.z, for tests of default ports.
    server_options& default_port();
    /// Everything received and sent goes to the log (-DV).
    server_options& trace();
    /// JetStream, stored in the server's temporary directory.
    server_options& jetstream();

private:
    friend class nats_server;

    std::string config_;
    std::vector<std::string> flags_;
    std::string host_ = "127.0.0.1";
    std::uint16_t port_ = 0;
    bool jetstream_ = false;
};

/// A real nats-server in a child process, on ports of its own choice. It accepts connections when
/// the constructor returns; it is gone, with its temporary files, when the destructor returns, and
/// also when the thread that started it dies (so start it in a thread that outlives it, such as
/// the test's). Without a nats-server the constructor skips the test.
///
///     nats_server server("authorization { token: s3cr3t }");
///     connect(server.url("s3cr3t"));          // nats://s3cr3t@127.0.0.1:40675
///     server.restart();                        // on the same port
///
/// Calls that can fail throw std::runtime_error with the end of the server's log. Not thread-safe.
class nats_server {
public:
    nats_server();
    explicit nats_server(server_options options);
    nats_server(const nats_server&) = delete;
    nats_server& operator=(const nats_server&) = delete;
    ~nats_server();

    [[nodiscard]] const std::string& host() const { return options_.host_; }
    [[nodiscard]] std::uint16_t port() const { return options_.port_; }
    /// `nats://127.0.0.1:40675`
    [[nodiscard]] std::string url() const;
    /// `nats://<userinfo>@127.0.0.1:40675`
    [[nodiscard]] std::string url(std::string_view userinfo) const;
    /// `127.0.0.1:40675`
    [[nodiscard]] std::string address() const;
    [[nodiscard]] std::uint16_t monitor_port() const { return monitor_port_; }
    /// What the server listens on for "nats", "monitoring", "cluster", "websocket", ...: URLs.
    [[nodiscard]] std::vector<std::string> listening(std::string_view kind) const;
    [[nodiscard]] server_monitor monitor() const;
    [[nodiscard]] server_version version() const;
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool running();

    /// Starts it again after stop() or kill(), on the ports it had.
    void start();
    /// SIGTERM, and SIGKILL where that does not help. Does nothing when it is not running.
    void stop();
    /// SIGKILL.
    void kill();
    /// stop() and start().
    void restart();

    void signal(int number) const;
    /// SIGSTOP: sockets stay open, nothing is read or written. Returns when it has stopped.
    void pause() const;
    void resume() const;
    /// Tells it to go into lame duck mode (SIGUSR2).
    void lame_duck() const;

    /// Replaces the config file; reload() or restart() make it true.
    void write_config(std::string text);
    /// Makes the server read its config file; returns when it has. Throws when it refuses.
    void reload();
    void reload(std::string text);

    /// All that the server has logged, over restarts.
    [[nodiscard]] std::string log() const;

private:
    [[nodiscard]] std::vector<std::string> command_line() const;
    [[nodiscard]] bool launch(const deadline& end);
    [[nodiscard]] bool wait_until_listening(const deadline& end);
    void read_ports(const std::string& text);
    [[nodiscard]] bool wait_until_gone(duration within);
    [[noreturn]] void fail(const std::string& what) const;

    server_options options_;
    std::string binary_;
    std::filesystem::path directory_;
    std::uint16_t monitor_port_ = 0;
    boost::json::object ports_;
    pid_t pid_ = -1;
};

} // namespace conats::test
