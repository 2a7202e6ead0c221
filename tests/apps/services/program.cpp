// SPDX-License-Identifier: Apache-2.0
#include "program.hpp"

#include "support/child_process.hpp"
#include "support/timing.hpp"

#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <utility>

namespace conats::test {

using namespace std::chrono_literals;

program::program(const std::string& name, const std::vector<std::string>& arguments) : name_(name) {
    std::vector<std::string> command = {CONATS_APPS "/" + name + "/" + name};
    command.insert(command.end(), arguments.begin(), arguments.end());
    pid_ = start_process(command, directory_.path() / "output");
}

program::~program() {
    if (pid_ < 0)
        return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

std::string program::output() const {
    return read_file(directory_.path() / "output");
}

bool program::says(const std::string& text) const {
    return eventually([&] { return output().find(text) != std::string::npos; }, 20s);
}

std::string program::value_after(const std::string& text) const {
    std::string value;
    const auto is_there = [&] {
        const std::string all = output();
        const auto begin = all.find(text);
        const auto end = begin == all.npos ? all.npos : all.find('\n', begin);
        if (end == all.npos)
            return false;
        value = all.substr(begin + text.size(), end - begin - text.size());
        return true;
    };
    if (!eventually(is_there, 20s))
        throw std::runtime_error(name_ + " does not say '" + text + "':\n" + output());
    return value;
}

void program::signal(int number) const {
    if (pid_ > 0)
        ::kill(pid_, number);
}

int program::exit_code() {
    int status = 0;
    if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, 20s))
        throw std::runtime_error(name_ + " does not end:\n" + output());
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace conats::test
