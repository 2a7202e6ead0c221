// SPDX-License-Identifier: Apache-2.0

// What two clients say to a broker. Each line of the input but the first begins with the client
// (its character's lowest bit) and with what is to happen (the next three bits); the rest of the
// line, with a CRLF, is what the client says, `~` standing for CRLF and `^` for nothing, so that a
// line need not end. The first line says how long the parts are it is sent in.
//
// Parts or whole: every client hears the same and ends the same.

#include "check.hpp"

#include <conats/testing/broker_core.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace conats::testing; // NOLINT(google-build-using-namespace): what is tested
using conats::test::check;

/// Small enough for the fuzzer to reach them.
broker_options small_options(bool with_token) {
    broker_options options;
    options.max_payload(64)
        .max_control_line(200)
        .max_subscriptions(4)
        .max_pending(4096)
        .ping_interval(std::chrono::seconds(3));
    options.default_permissions(
        broker_permissions().deny_publish("no.>").deny_subscribe("no.*").allow_responses(2));
    if (with_token) {
        options.token("t");
    }
    return options;
}

class player {
public:
    player(std::string_view lengths, bool whole, bool with_token)
        : core_(small_options(with_token)),
          lengths_(lengths),
          whole_(whole) {
        for (connection_id& id : ids_) {
            id = core_.open(now_);
        }
    }

    void say(std::size_t client, std::string_view bytes) {
        while (!bytes.empty()) {
            const std::size_t part = whole_ ? bytes.size() : next_length();
            // A copy of its own, so that a sanitizer sees what is kept too long.
            const std::string now(bytes.substr(0, part));
            core_.receive(ids_[client], now, now_);
            bytes.remove_prefix(now.size());
        }
        hear();
    }
    void pass(std::chrono::milliseconds d) {
        now_ += d;
        core_.advance(now_);
        check(core_.next_deadline() > now_, "what is due is done");
        hear();
    }
    void leave(std::size_t client) {
        core_.closed(ids_[client]);
        check(core_.subscriptions(ids_[client]).empty(), "who leaves takes its subscriptions");
        ids_[client] = core_.open(now_);
        hear();
    }
    broker_core& core() { return core_; }
    [[nodiscard]] std::chrono::steady_clock::time_point now() const { return now_; }
    [[nodiscard]] connection_id id(std::size_t client) const { return ids_[client]; }
    [[nodiscard]] const std::vector<std::string>& heard() const { return heard_; }

private:
    std::size_t next_length() {
        return static_cast<unsigned char>(lengths_[at_++ % lengths_.size()]) % 48U + 1U;
    }
    void hear() {
        for (const connection_id id : ids_) {
            std::string out(core_.output(id));
            core_.consume(id, out.size());
            out += std::to_string(static_cast<int>(core_.end(id)));
            heard_.push_back(std::move(out));
        }
        const broker_statistics s = core_.statistics();
        check(s.subscriptions == core_.subscriptions().size(), "subscriptions are counted");
        check(s.connections == core_.connections().size(), "connections are counted");
    }

    broker_core core_;
    std::chrono::steady_clock::time_point now_{};
    std::string_view lengths_;
    bool whole_;
    std::size_t at_ = 0;
    connection_id ids_[2] = {0, 0};
    std::vector<std::string> heard_;
};

std::string unescaped(std::string_view line) {
    std::string out;
    for (const char c : line) {
        if (c == '~') {
            out += "\r\n";
        } else if (c != '^') {
            out += c;
        }
    }
    return out.empty() || line.back() == '^' ? out : out + "\r\n";
}

void act(player& p, unsigned char what, std::string_view text) {
    const std::size_t client = what & 1U;
    switch (what >> 1U & 7U) {
    case 1: p.pass(std::chrono::milliseconds(text.size() * 100)); break;
    case 2: p.leave(client); break;
    case 3: text.empty() ? p.core().shut_down() : p.core().start(); break;
    case 4: p.core().lame_duck(p.now()); break;
    case 5: p.core().deafen(p.id(client), !text.empty()); break;
    default: p.say(client, unescaped(text)); break;
    }
}

std::vector<std::string> play(std::string_view lengths, std::string_view input, bool whole) {
    player p(lengths, whole, !lengths.empty() && lengths.front() == 't');
    while (!input.empty()) {
        const std::size_t end = input.find('\n');
        const std::string_view line = input.substr(0, end);
        input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
        if (!line.empty()) {
            act(p, static_cast<unsigned char>(line.front()), line.substr(1));
        }
    }
    return p.heard();
}

} // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // libFuzzer gives the bytes as unsigned ones
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t first_line = input.find('\n');
    if (first_line == 0 || first_line == std::string_view::npos) {
        return 0;
    }
    const std::string_view lengths = input.substr(0, first_line);
    const std::string_view rest = input.substr(first_line + 1);
    check(play(lengths, rest, true) == play(lengths, rest, false),
          "clients hear the same whatever the parts");
    return 0;
}
