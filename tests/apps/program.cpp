// SPDX-License-Identifier: Apache-2.0
#include "apps/program.hpp"

#include "support/child_process.hpp"

#include <fcntl.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace conats::test {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

std::map<std::string, std::string> environment_without_nats() {
    std::map<std::string, std::string> all;
    for (const std::string& line : own_environment()) {
        const std::size_t size = line.find('=');
        if (!line.starts_with("NATS_") && !line.starts_with("XDG_") && size != line.npos)
            all[line.substr(0, size)] = line.substr(size + 1);
    }
    return all;
}

} // namespace

running_program::running_program(std::string name, pid_t pid,
                                 std::shared_ptr<scratch_directory> files)
    : name_(std::move(name)),
      pid_(pid),
      files_(std::move(files)) {}

running_program::running_program(running_program&& other) noexcept
    : name_(std::move(other.name_)),
      pid_(std::exchange(other.pid_, -1)),
      files_(std::move(other.files_)) {}

running_program::~running_program() {
    if (pid_ > 0)
        end_process(pid_);
}

std::string running_program::out() const {
    return read_file(files_->path() / "out");
}

std::string running_program::err() const {
    return read_file(files_->path() / "err");
}

bool running_program::waits_for(const std::function<bool()>& holds) const {
    (void)eventually(
        [&] {
            const bool was_over = ended(); // what it says last comes before
            return holds() || was_over;
        },
        20s);
    return holds();
}

bool running_program::says(const std::string& text) const {
    return waits_for(
        [&] { return out().find(text) != text.npos || err().find(text) != text.npos; });
}

std::string running_program::value_after(const std::string& text) const {
    std::string value;
    const auto is_there = [&] {
        const std::string all = out();
        const auto begin = all.find(text);
        const auto end = begin == all.npos ? all.npos : all.find('\n', begin);
        if (end == all.npos)
            return false;
        value = all.substr(begin + text.size(), end - begin - text.size());
        return true;
    };
    if (!waits_for(is_there))
        fail("does not say '" + text + "'");
    return value;
}

void running_program::signal(int number) const {
    if (pid_ > 0)
        ::kill(pid_, number);
}

bool running_program::ended() const {
    if (pid_ <= 0)
        return true;
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pid_;
}

outcome_of_program running_program::wait(duration within) {
    if (pid_ <= 0)
        throw std::logic_error(name_ + " was waited for before");
    int status = 0;
    if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) != 0; }, within)) {
        end_process(std::exchange(pid_, -1));
        fail("does not end");
    }
    pid_ = -1;
    outcome_of_program o;
    o.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    o.out = out();
    o.err = err();
    return o;
}

void running_program::fail(const std::string& what) const {
    throw std::runtime_error(name_ + ' ' + what + ":\n" + out() + "---\n" + err());
}

program::program(std::vector<std::string> words)
    : words_(std::move(words)),
      environment_(environment_without_nats()),
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
    constexpr int append = O_WRONLY | O_CREAT | O_APPEND;
    const unique_fd input = open_file(files->write("in", input_), O_RDONLY);
    const unique_fd output =
        output_ >= 0 ? unique_fd(output_) : open_file(files->path() / "out", append);
    const unique_fd errors = open_file(files->path() / "err", append);
    standard_streams streams;
    streams.input = input.get();
    streams.output = output.get();
    streams.errors = errors.get();
    std::vector<std::string> environment;
    for (const auto& [name, value] : environment_)
        environment.push_back(name + '=' + value);
    const pid_t pid = start_process(words_, environment, streams);
    return {fs::path(words_.front()).filename().string(), pid, std::move(files)};
}

outcome_of_program program::run() const {
    return start().wait();
}

std::string scaled_text(duration span) {
    return std::to_string(
               std::chrono::duration_cast<std::chrono::milliseconds>(scaled(span)).count()) +
           "ms";
}

std::string scaled_seconds(duration span) {
    std::ostringstream text;
    text << std::chrono::duration<double>(scaled(span)).count();
    return text.str();
}

} // namespace conats::test
