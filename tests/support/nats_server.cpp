// SPDX-License-Identifier: Apache-2.0

#include "support/nats_server.hpp"

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/environment.hpp"
#include "support/sockets.hpp"

#include <boost/json/parse.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace conats::test {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

fs::path make_temporary_directory() {
    std::string path = (fs::temp_directory_path() / "conats-test-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr)
        throw std::system_error(errno, std::generic_category(), path);
    return path;
}

std::string output_of(const std::vector<std::string>& command) {
    const fs::path directory = make_temporary_directory();
    const pid_t pid = start_process(command, directory / "output");
    end_process(pid, 10s);
    std::string text = read_file(directory / "output");
    fs::remove_all(directory);
    return text;
}

server_version ask_version(const std::string& binary) {
    const server_version version = server_version::parse(output_of({binary, "--version"}));
    std::cout << "nats-server " << version << " (" << binary << ")\n";
    return version;
}

/// CONATS_REQUIRE_SERVER, 0.0.0 where it is not set.
server_version promised_version() {
    return server_version::parse(variable_of("CONATS_REQUIRE_SERVER"));
}

[[noreturn]] void skip_or_fail(const std::string& reason, bool promised) {
    if (promised)
        throw std::runtime_error(reason + ", and CONATS_REQUIRE_SERVER promises one");
    skip_test(reason);
}

std::string random_loopback_address() {
    static std::random_device random;
    std::uniform_int_distribution<int> number(1, 254);
    const auto part = [&] { return "." + std::to_string(number(random)); };
    std::string address = "127";
    for (int i = 0; i < 3; ++i)
        address += part();
    return address;
}

std::uint16_t port_of(std::string_view url) {
    std::uint16_t port = 0;
    const auto digits = url.substr(url.rfind(':') + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return port;
}

std::size_t occurrences(const std::string& text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
        ++count;
    return count;
}

} // namespace

server_version server_version::parse(std::string_view text) {
    int parts[3] = {0, 0, 0};
    std::size_t at = text.find_first_of("0123456789");
    for (int i = 0; i < 3 && at < text.size(); ++i) {
        const auto [end, error] =
            std::from_chars(text.data() + at, text.data() + text.size(), parts[i]);
        if (error != std::errc() || end == text.data() + text.size() || *end != '.')
            break;
        at = static_cast<std::size_t>(end - text.data()) + 1;
    }
    return {parts[0], parts[1], parts[2]};
}

std::string server_version::to_string() const {
    return std::to_string(major_) + "." + std::to_string(minor_) + "." + std::to_string(patch_);
}

std::ostream& operator<<(std::ostream& out, const server_version& version) {
    return out << version.to_string();
}

void skip_test(std::string_view reason) {
    skip(reason);
#if defined(SKIP)
    SKIP(std::string(reason));
    std::abort();
#else
    // Ends the test case without counting a failure.
    throw Catch::TestFailureException();
#endif
}

std::string server_binary() {
    for (const char* variable : {"CONATS_TEST_SERVER", "NATS_SERVER"})
        if (std::string path = program_named_by(variable); !path.empty())
            return path;
    if (std::string path = program_in_path("nats-server"); !path.empty())
        return path;
    return fs::exists("/usr/sbin/nats-server") ? "/usr/sbin/nats-server" : "";
}

server_version binary_version() {
    static const std::string binary = server_binary();
    const server_version promised = promised_version();
    if (binary.empty())
        skip_or_fail("SKIPPED: needs a nats-server (NATS_SERVER names none, PATH has none)",
                     promised > server_version(0, 0));
    static const server_version version = ask_version(binary);
    if (version < promised)
        throw std::runtime_error("nats-server is " + version.to_string() +
                                 ", CONATS_REQUIRE_SERVER promises " + promised.to_string());
    return version;
}

void require_server(server_version minimum) {
    if (binary_version() < minimum)
        skip_or_fail("SKIPPED: needs nats-server >= " + minimum.to_string(),
                     minimum <= promised_version());
}

server_options::server_options() = default;
server_options::server_options(std::string config) : config_(std::move(config)) {}
server_options::server_options(const char* config) : config_(config) {}

server_options& server_options::config(std::string text) {
    config_ = std::move(text);
    return *this;
}

server_options& server_options::flag(std::string name) {
    flags_.push_back(std::move(name));
    return *this;
}

server_options& server_options::flag(std::string name, std::string value) {
    return flag(std::move(name)).flag(std::move(value));
}

server_options& server_options::token(std::string value) {
    return flag("--auth", std::move(value));
}

server_options& server_options::host(std::string address) {
    host_ = std::move(address);
    return *this;
}

server_options& server_options::port(std::uint16_t number) {
    port_ = number;
    return *this;
}

server_options& server_options::default_port() {
    return host(random_loopback_address()).port(4222);
}

server_options& server_options::trace() {
    return flag("-DV");
}

server_options& server_options::jetstream() {
    jetstream_ = true;
    return *this;
}

nats_server::nats_server() : nats_server(server_options()) {}

nats_server::nats_server(server_options options) : options_(std::move(options)) {
    (void)binary_version();
    binary_ = server_binary();
    directory_ = make_temporary_directory();
    try {
        write_config(options_.config_);
        start();
    } catch (...) {
        kill();
        fs::remove_all(directory_);
        throw;
    }
}

nats_server::~nats_server() {
    stop();
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

std::string nats_server::url() const {
    return url({});
}

std::string nats_server::url(std::string_view userinfo) const {
    return nats_url(userinfo, host(), port());
}

std::string nats_server::address() const {
    return host_and_port(host(), port());
}

std::vector<std::string> nats_server::listening(std::string_view kind) const {
    std::vector<std::string> urls;
    if (const json::value* list = ports_.if_contains({kind.data(), kind.size()}))
        for (const json::value& each : list->as_array())
            urls.emplace_back(each.as_string().c_str());
    return urls;
}

server_monitor nats_server::monitor() const {
    return {host(), monitor_port_};
}

server_version nats_server::version() const {
    return binary_version();
}

bool nats_server::running() {
    if (pid_ > 0 && collect_process(pid_))
        pid_ = -1;
    return pid_ > 0;
}

std::vector<std::string> nats_server::command_line() const {
    const auto number = [](std::uint16_t port) {
        return port == 0 ? std::string("-1") : std::to_string(port);
    };
    std::vector<std::string> words = {binary_,
                                      "-c",
                                      (directory_ / "server.conf").string(),
                                      "-a",
                                      host(),
                                      "-p",
                                      number(port()),
                                      "-m",
                                      number(monitor_port_),
                                      "--ports_file_dir",
                                      directory_.string()};
    if (options_.jetstream_)
        words.insert(words.end(), {"-js", "-sd", (directory_ / "jetstream").string()});
    words.insert(words.end(), options_.flags_.begin(), options_.flags_.end());
    return words;
}

void nats_server::start() {
    if (running())
        return;
    const deadline end(15s);
    // A port the server had before may for a moment be another's.
    while (!launch(end))
        std::this_thread::sleep_for(5ms);
}

/// False when it is worth another try.
bool nats_server::launch(const deadline& end) {
    const std::size_t logged = log().size();
    pid_ = start_process(command_line(), directory_ / "log");
    if (wait_until_listening(end))
        return true;
    const bool in_use = log().find("address already in use", logged) != std::string::npos;
    if (!in_use || end.passed())
        fail("nats-server does not start");
    return false;
}

bool nats_server::wait_until_listening(const deadline& end) {
    const auto name = fs::path(binary_).filename().string() + "_" + std::to_string(pid_) + ".ports";
    while (running()) {
        const std::string text = read_file(directory_ / name);
        if (text.ends_with("}")) {
            read_ports(text);
            return true;
        }
        if (end.passed()) {
            kill();
            return false;
        }
        std::this_thread::sleep_for(1ms);
    }
    return false;
}

void nats_server::read_ports(const std::string& text) {
    ports_ = json::parse(text).as_object();
    const auto nats = listening("nats");
    const auto monitoring = listening("monitoring");
    if (nats.empty() || monitoring.empty())
        fail("nats-server names no ports: " + text);
    options_.port_ = port_of(nats.front());
    monitor_port_ = port_of(monitoring.front());
}

bool nats_server::wait_until_gone(duration within) {
    return eventually([this] { return !running(); }, within);
}

void nats_server::stop() {
    if (!running())
        return;
    signal(SIGTERM);
    signal(SIGCONT);
    if (!wait_until_gone(5s))
        kill();
}

void nats_server::kill() {
    if (!running())
        return;
    end_process(std::exchange(pid_, -1));
}

void nats_server::restart() {
    stop();
    start();
}

void nats_server::signal(int number) const {
    if (pid_ > 0)
        ::kill(pid_, number);
}

void nats_server::pause() const {
    signal(SIGSTOP);
    siginfo_t ignored{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &ignored, WSTOPPED | WEXITED | WNOWAIT);
}

void nats_server::resume() const {
    signal(SIGCONT);
}

void nats_server::lame_duck() const {
    signal(SIGUSR2);
}

void nats_server::write_config(std::string text) {
    options_.config_ = std::move(text);
    // Servers from 2.11 on refuse a file without any value.
    std::ofstream file(directory_ / "server.conf", std::ios::trunc);
    file << "max_control_line: 4096\n" << options_.config_ << '\n';
    if (!file.flush())
        throw std::runtime_error("cannot write the config of a nats-server");
}

void nats_server::reload() {
    static constexpr std::string_view done = "Reloaded server configuration";
    static constexpr std::string_view refused = "Failed to reload server configuration";
    const std::string before = log();
    const std::size_t successes = occurrences(before, done);
    const std::size_t failures = occurrences(before, refused);
    signal(SIGHUP);
    const bool answered = eventually([&] {
        const std::string now = log();
        return occurrences(now, done) > successes || occurrences(now, refused) > failures;
    });
    if (!answered || occurrences(log(), refused) > failures)
        fail("nats-server does not reload its configuration");
}

void nats_server::reload(std::string text) {
    write_config(std::move(text));
    reload();
}

std::string nats_server::log() const {
    return read_file(directory_ / "log");
}

void nats_server::fail(const std::string& what) const {
    const std::string text = log();
    const std::size_t tail = text.size() > 2000 ? text.size() - 2000 : 0;
    throw std::runtime_error(what + "; its log ends with\n" + text.substr(tail));
}

} // namespace conats::test
