// SPDX-License-Identifier: Apache-2.0

#include "support/child_process.hpp"

#include "support/environment.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace conats::test {

namespace fs = std::filesystem;

namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    all.reserve(texts.size() + 1);
    for (const std::string& text : texts)
        all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
}

/// Runs in the child: nothing but async-signal-safe calls.
[[noreturn]] void become(char* const* arguments, char* const* environment,
                         const standard_streams& streams, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
        ::_exit(127);
    ::setsid();
    sigset_t none;
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::dup2(streams.input, STDIN_FILENO);
    ::dup2(streams.output, STDOUT_FILENO);
    ::dup2(streams.errors, STDERR_FILENO);
    ::close_range(3, ~0U, 0);
    ::execve(arguments[0], arguments, environment);
    ::_exit(127);
}

bool is_program(const std::string& path) {
    return fs::is_regular_file(path) && ::access(path.c_str(), X_OK) == 0;
}

} // namespace

pid_t start_process(const std::vector<std::string>& command,
                    const std::vector<std::string>& environment, const standard_streams& streams) {
    const std::vector<char*> arguments = pointers(command);
    const std::vector<char*> variables = pointers(environment);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0)
        become(arguments.data(), variables.data(), streams, parent);
    if (pid < 0)
        throw std::system_error(errno, std::generic_category(), "fork");
    return pid;
}

pid_t start_process(const std::vector<std::string>& command, const fs::path& output) {
    const unique_fd nothing = open_file("/dev/null", O_RDONLY);
    const unique_fd file = open_file(output, O_WRONLY | O_CREAT | O_APPEND);
    standard_streams streams;
    streams.input = nothing.get();
    streams.output = file.get();
    streams.errors = file.get();
    return start_process(command, own_environment(), streams);
}

std::vector<std::string> own_environment() {
    std::vector<std::string> all;
    for (char** each = environ; *each != nullptr; ++each)
        all.emplace_back(*each);
    return all;
}

bool collect_process(pid_t pid) {
    return ::waitpid(pid, nullptr, WNOHANG) != 0;
}

void end_process(pid_t pid, duration within) {
    if (!eventually([pid] { return collect_process(pid); }, within)) {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
}

unique_fd open_file(const fs::path& path, int flags) {
    unique_fd file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
    if (!file)
        throw std::system_error(errno, std::generic_category(), path.string());
    return file;
}

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string program_named_by(const char* variable) {
    std::string path = variable_of(variable);
    if (!path.empty() && !is_program(path))
        throw std::runtime_error(std::string(variable) + " names no program: " + path);
    return path;
}

std::string program_in_path(const std::string& name) {
    std::istringstream directories(variable_of("PATH"));
    for (std::string directory; std::getline(directories, directory, ':');)
        if (std::string path = directory + '/' + name; is_program(path))
            return path;
    return "";
}

} // namespace conats::test
