// SPDX-License-Identifier: Apache-2.0
#include "interrupts.hpp"

#include <boost/asio/buffer.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace tool {

namespace {

volatile std::sig_atomic_t seen_number = 0;
volatile std::sig_atomic_t write_end = -1;

void on_signal(int number) {
    if (seen_number != 0)
        ::_exit(128 + number);
    seen_number = number;
    const int before = errno;
    const char byte = static_cast<char>(number);
    [[maybe_unused]] const auto written = ::write(write_end, &byte, 1);
    errno = before;
}

void handle(int number, void (*handler)(int)) {
    struct sigaction action{};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    ::sigaction(number, &action, nullptr);
}

} // namespace

interrupts::interrupts(boost::asio::io_context& context, std::function<void()> on_first)
    : pipe_(context),
      on_first_(std::move(on_first)) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
        throw std::system_error(errno, std::generic_category(), "pipe");
    pipe_.assign(ends[0]);
    write_end = ends[1];
    pipe_.async_read_some(boost::asio::buffer(&number_, 1),
                          [this](const boost::system::error_code& fault, std::size_t /*bytes*/) {
                              if (!fault)
                                  on_first_();
                          });
    handle(SIGINT, on_signal);
    handle(SIGTERM, on_signal);
}

interrupts::~interrupts() {
    handle(SIGINT, SIG_DFL);
    handle(SIGTERM, SIG_DFL);
    ::close(write_end);
    write_end = -1;
}

bool interrupts::seen() const {
    return seen_number != 0;
}

int interrupts::code() const {
    return 128 + seen_number;
}

} // namespace tool
