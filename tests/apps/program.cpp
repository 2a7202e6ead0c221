// SPDX-License-Identifier: Apache-2.0
#include "apps/program.hpp"

#include "support/child_process.hpp"
#include "support/nats_server.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace conats::test {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (const std::string& text : texts)
        all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
}

/// Runs in the child: nothing but async-signal-safe calls.
[[noreturn]] void turn_into(char* const* arguments, char* const* environment, int input, int output,
                            int errors, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
        ::_exit(127);
    ::setsid();
    sigset_t none;
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::dup2(input, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    ::close_range(3, ~0U, 0);
    ::execve(arguments[0], arguments, environment);
    ::_exit(127);
}

int open_file(const fs::path& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (fd < 0)
        throw std::system_error(errno, std::generic_category(), path.string());
    return fd;
}

std::map<std::string, std::string> own_environment() {
    std::map<std::string, std::string> all;
    for (char** each = environ; *each != nullptr; ++each) {
        const std::string_view line(*each);
        const std::size_t size = line.find('=');
        if (!line.starts_with("NATS_") && !line.starts_with("XDG_") && size != line.npos)
            all[std::string(line.substr(0, size))] = line.substr(size + 1);
    }
    return all;
}

std::string find_nats_cli() {
    if (const char* named = std::getenv("NATS_CLI"); named != nullptr && *named != '\0') {
        if (::access(named, X_OK) != 0)
            throw std::runtime_error(std::string("NATS_CLI names no program: ") + named);
        return named;
    }
    const char* const path = std::getenv("PATH");
    std::string_view rest = path == nullptr ? "" : path;
    while (!rest.empty()) {
        const std::size_t size = std::min(rest.find(':'), rest.size());
        const std::string candidate = std::string(rest.substr(0, size)) + "/nats";
        if (fs::is_regular_file(candidate) && ::access(candidate.c_str(), X_OK) == 0)
            return candidate;
        rest.remove_prefix(std::min(size + 1, rest.size()));
    }
    const char* const required = std::getenv("CONATS_REQUIRE_NATS_CLI");
    if (required != nullptr && *required != '\0')
        throw std::runtime_error("there is no nats, and CONATS_REQUIRE_NATS_CLI promises one");
    skip_test("SKIPPED: needs the nats command line (NATS_CLI names none, PATH has none)");
}

} // namespace

running_program::running_program(pid_t pid, std::shared_ptr<scratch_directory> files)
    : pid_(pid),
      files_(std::move(files)) {}

running_program::running_program(running_program&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      files_(std::move(other.files_)) {}

running_program::~running_program() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

std::string running_program::out() const {
    return read_file(files_->path() / "out");
}

std::string running_program::err() const {
    return read_file(files_->path() / "err");
}

bool running_program::says(const std::string& text) const {
    return eventually(
        [&] {
            return out().find(text) != std::string::npos || err().find(text) != std::string::npos;
        },
        10s);
}

void running_program::signal(int number) const {
    ::kill(pid_, number);
}

bool running_program::ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pid_;
}

outcome_of_program running_program::wait(std::chrono::seconds within) {
    outcome_of_program o;
    int status = 0;
    if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) != 0; }, within)) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, &status, 0);
    }
    pid_ = -1;
    o.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    o.out = out();
    o.err = err();
    return o;
}

program::program(std::vector<std::string> words)
    : words_(std::move(words)),
      environment_(own_environment()),
      home_(std::make_shared<scratch_directory>()) {
    environment_["HOME"] = home_->path();
    environment_["XDG_CONFIG_HOME"] = home_->path() / ".config"; // nats goes by it alone
}

program& program::set(const std::string& name, std::string value) {
    environment_[name] = std::move(value);
    return *this;
}

program& program::arguments(const std::vector<std::string>& more) {
    words_.insert(words_.end(), more.begin(), more.end());
    return *this;
}

program& program::input(std::string text) {
    input_ = std::move(text);
    return *this;
}

program& program::output_to(int descriptor) {
    output_ = descriptor;
    return *this;
}

running_program program::start() const {
    auto files = std::make_shared<scratch_directory>();
    const auto in_file = files->write("in", input_);
    const int input = open_file(in_file, O_RDONLY);
    const int output =
        output_ >= 0 ? output_ : open_file(files->path() / "out", O_WRONLY | O_CREAT | O_APPEND);
    const int errors = open_file(files->path() / "err", O_WRONLY | O_CREAT | O_APPEND);
    std::vector<std::string> settings;
    for (const auto& [name, value] : environment_)
        settings.push_back(name + '=' + value);
    const std::vector<char*> arguments = pointers(words_);
    const std::vector<char*> variables = pointers(settings);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0)
        turn_into(arguments.data(), variables.data(), input, output, errors, parent);
    for (const int fd : {input, output, errors})
        ::close(fd);
    if (pid < 0)
        throw std::system_error(errno, std::generic_category(), "fork");
    return {pid, std::move(files)};
}

outcome_of_program program::run() const {
    return start().wait();
}

std::string scaled_text(std::chrono::milliseconds span) {
    return std::to_string(
               std::chrono::duration_cast<std::chrono::milliseconds>(scaled(span)).count()) +
           "ms";
}

program conats_tool(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), CONATS_TOOL_PATH);
    return program(std::move(arguments)).set("NATS_TIMEOUT", scaled_text(5s));
}

program nats_cli(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), find_nats_cli());
    return program(std::move(arguments));
}

} // namespace conats::test
