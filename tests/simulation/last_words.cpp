// SPDX-License-Identifier: Apache-2.0
#include "last_words.hpp"

#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <string_view>

#if defined(__SANITIZE_ADDRESS__)
extern "C" void __sanitizer_set_death_callback(void (*callback)());
#endif

namespace conats::simulation {

namespace {

constexpr unsigned most_seconds = 30;

volatile std::uint64_t current_seed = 0;

void say(std::string_view text) noexcept {
    (void)!::write(STDERR_FILENO, text.data(), text.size());
}

void say_seed(std::string_view what) noexcept {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), current_seed).ptr;
    say("seed ");
    say({digits.data(), static_cast<std::size_t>(end - digits.data())});
    say(what);
}

#if defined(__SANITIZE_ADDRESS__)
void on_death() {
    say_seed(" fails: the sanitizer says why\n");
}
#else
constexpr std::array signals{SIGALRM, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

extern "C" void on_signal(int signal) {
    say_seed(signal == SIGALRM ? " fails: it hangs\n" : " fails: it crashes\n");
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}
#endif

} // namespace

last_words::last_words() noexcept {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_set_death_callback(on_death);
#else
    for (const int s : signals)
        std::signal(s, on_signal);
#endif
}

last_words::~last_words() {
    ::alarm(0);
#if !defined(__SANITIZE_ADDRESS__)
    for (const int s : signals)
        std::signal(s, SIG_DFL);
#endif
}

void last_words::begin(std::uint64_t seed) noexcept {
    current_seed = seed;
    ::alarm(most_seconds);
}

} // namespace conats::simulation
