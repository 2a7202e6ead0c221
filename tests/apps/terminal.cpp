// SPDX-License-Identifier: Apache-2.0
#include "apps/terminal.hpp"

#include "support/timing.hpp"

#include <fcntl.h>
#include <pty.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

namespace conats::test {

using namespace std::chrono_literals;

terminal::terminal() {
    std::array<char, 64> name{};
    if (::openpty(&master_, &slave_, name.data(), nullptr, nullptr) != 0)
        throw std::system_error(errno, std::generic_category(), "openpty");
    path_ = name.data();
    for (const int fd : {master_, slave_})
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    ::fcntl(master_, F_SETFL, O_NONBLOCK);
}

terminal::~terminal() {
    ::close(slave_);
    ::close(master_);
}

const std::string& terminal::shown() {
    std::array<char, 4096> some{};
    for (;;) {
        const ssize_t size = ::read(master_, some.data(), some.size());
        if (size <= 0)
            return shown_;
        shown_.append(some.data(), static_cast<std::size_t>(size));
    }
}

bool terminal::shows(const std::string& text) {
    return eventually([&] { return shown().find(text) != std::string::npos; }, 10s);
}

} // namespace conats::test
