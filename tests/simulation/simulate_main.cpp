// SPDX-License-Identifier: Apache-2.0
// Runs seeds by hand; scripts/simulate builds it and calls it.
#include "last_words.hpp"
#include "simulation.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <string>
#include <string_view>

namespace {

namespace simulation = conats::simulation;

struct arguments {
    std::uint64_t first = 1;
    std::uint64_t count = 1000;
    bool is_one = false;
    bool is_wrong = false;
};

bool read(std::string_view text, std::uint64_t& out) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    return ec == std::errc() && end == text.data() + text.size() && !text.empty();
}

arguments read_arguments(int argc, char** argv) {
    arguments a;
    for (int i = 1; i < argc; i += 2) {
        const std::string_view name = argv[i];
        const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
        if (name == "--seed" && read(value, a.first))
            a.is_one = true;
        else if (name != "--seeds" && name != "--from")
            a.is_wrong = true;
        else if (!read(value, name == "--seeds" ? a.count : a.first))
            a.is_wrong = true;
    }
    return a;
}

int run_one(std::uint64_t seed) {
    const simulation::last_words guard;
    simulation::last_words::begin(seed);
    const std::string first = simulation::explain(seed);
    std::cout << first;
    if (simulation::explain(seed) != first) {
        std::cout << "seed " << seed << " does not do the same again\n";
        return 1;
    }
    const simulation::tally t = simulation::run_many(seed, 1);
    const bool fails = !t.failure.empty() || first.find("FAILED") != std::string::npos;
    if (first.find("FAILED") == std::string::npos && fails)
        std::cout << t.failure << '\n';
    std::cout << "seed " << seed << (fails ? " fails\n" : " is well\n");
    return fails ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
    const arguments a = read_arguments(argc, argv);
    if (a.is_wrong) {
        std::cerr << "Usage: simulate [--seed N] [--from N] [--seeds N]\n";
        return 2;
    }
    if (a.is_one)
        return run_one(a.first);
    const auto began = std::chrono::steady_clock::now();
    const simulation::tally t = simulation::run_many(a.first, a.count);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (!t.failure.empty()) {
        std::cout << "seed " << t.failed_seed << " fails after " << t.runs << ": " << t.failure
                  << '\n';
        return 1;
    }
    std::cout << t.runs << " seeds from " << a.first << " are well, " << took.count() << " s\n";
    return 0;
}
