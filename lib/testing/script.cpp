// SPDX-License-Identifier: Apache-2.0
#include "testing/broker_text.hpp"
#include "testing/script_runner.hpp"

#include <algorithm>
#include <ostream>
#include <stdexcept>

namespace conats {
inline namespace v0 {
namespace testing {

using impl::script_step;
using impl::step_kind;

namespace {

script_step make(step_kind kind, std::string text) {
    script_step s;
    s.kind = kind;
    s.text = std::move(text);
    return s;
}

} // namespace

std::string_view to_string(script_failure f) noexcept {
    switch (f) {
    case script_failure::close: return "close";
    case script_failure::reset: return "reset";
    case script_failure::stall: return "stall";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& os, script_failure f) {
    return os << to_string(f);
}

std::string impl::excerpt(std::string_view bytes) {
    constexpr std::size_t most = 60;
    return quoted(bytes.substr(0, most)) + (bytes.size() > most ? "..." : "");
}

std::string impl::describe(const script_step& s) {
    switch (s.kind) {
    case step_kind::expect_bytes: return "expects " + excerpt(s.text);
    case step_kind::expect_line:
        return s.accepts ? "expects " + s.text : "expects a line " + excerpt(s.text);
    case step_kind::expect_publish:
        return "expects " + excerpt(s.payload) + " to be published to " + excerpt(s.text);
    case step_kind::reply: return "says " + excerpt(s.text);
    case step_kind::message: return "sends " + excerpt(s.payload) + " to " + excerpt(s.text);
    case step_kind::wait: return "waits";
    case step_kind::serve: return "serves";
    case step_kind::fail: return std::string(to_string(s.failure));
    }
    return {};
}

std::string impl::message_operation(const script_step& s, std::string_view sid) {
    return "MSG " + s.text + " " + std::string(sid) + " " + (s.reply.empty() ? "" : s.reply + " ") +
           std::to_string(s.payload.size()) + "\r\n" + s.payload + "\r\n";
}

script::script() : steps_(std::make_shared<const std::vector<script_step>>()) {}

script& script::add(script_step step) {
    // Copied, since other scripts may share the steps so far.
    auto longer = std::make_shared<std::vector<script_step>>(*steps_);
    longer->push_back(std::move(step));
    steps_ = std::move(longer);
    return *this;
}

script& script::expect(std::string bytes) {
    return add(make(step_kind::expect_bytes, std::move(bytes)));
}
script& script::expect_line(std::string prefix) {
    return add(make(step_kind::expect_line, std::move(prefix)));
}
script& script::expect_line(line_predicate accepts, std::string what) {
    script_step s = make(step_kind::expect_line, std::move(what));
    s.accepts = std::move(accepts);
    return add(std::move(s));
}
script& script::expect_publish(std::string subject, std::string payload) {
    script_step s = make(step_kind::expect_publish, std::move(subject));
    s.payload = std::move(payload);
    return add(std::move(s));
}

script& script::reply(std::string bytes) {
    return add(make(step_kind::reply, std::move(bytes)));
}
script& script::message(std::string subject, std::string payload, std::string reply) {
    script_step s = make(step_kind::message, std::move(subject));
    s.payload = std::move(payload);
    s.reply = std::move(reply);
    return add(std::move(s));
}
script& script::info(const broker_options& options) {
    impl::info_state state;
    state.client_id = 1;
    state.client_ip = "127.0.0.1";
    state.auth_required = !options.token().empty() || !options.users().empty();
    return reply(impl::info_line(options, state));
}
script& script::handshake(const broker_options& options) {
    return info(options).expect_line("CONNECT {").expect_line("PING").reply("PONG\r\n");
}

script& script::wait(std::chrono::nanoseconds d) {
    script_step s = make(step_kind::wait, {});
    s.span = d;
    return add(std::move(s));
}
script& script::serve() {
    return add(make(step_kind::serve, {}));
}
script& script::fail(script_failure how) {
    script_step s = make(step_kind::fail, {});
    s.failure = how;
    return add(std::move(s));
}

std::size_t script::steps() const noexcept {
    return steps_->size();
}

std::string script::describe(std::size_t step) const {
    return step < steps_->size() ? impl::describe((*steps_)[step]) : "the end";
}

script script::cut(std::size_t step, script_failure how) const {
    script out = *this;
    auto shorter = std::make_shared<std::vector<script_step>>(*steps_);
    shorter->resize(std::min(step, shorter->size()));
    out.steps_ = std::move(shorter);
    out.fail(how);
    return out;
}

script script::in_pieces(std::size_t size) const {
    script out = *this;
    out.piece_ = size;
    return out;
}
script script::split_at(std::size_t bytes) const {
    script out = *this;
    out.split_ = bytes;
    return out;
}

std::size_t script::bytes() const noexcept {
    std::size_t n = 0;
    for (const script_step& s : *steps_) {
        if (s.kind == step_kind::reply)
            n += s.text.size();
        else if (s.kind == step_kind::message)
            n += impl::message_operation(s, "1").size();
    }
    return n;
}

void for_each_failure(const script& s,
                      const std::function<void(const script&, const std::string&)>& play) {
    for (std::size_t step = 0; step <= s.steps(); ++step) {
        for (const script_failure how :
             {script_failure::close, script_failure::reset, script_failure::stall}) {
            play(s.cut(step, how), std::string(to_string(how)) + " before step " +
                                       std::to_string(step) + " (" + s.describe(step) + ")");
        }
    }
}

void for_each_split(const script& s,
                    const std::function<void(const script&, const std::string&)>& play) {
    play(s.in_pieces(1), "byte by byte");
    for (std::size_t at = 1; at < s.bytes(); ++at) {
        play(s.split_at(at), "split at byte " + std::to_string(at));
    }
}

} // namespace testing
} // namespace v0
} // namespace conats
