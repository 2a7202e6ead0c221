// SPDX-License-Identifier: Apache-2.0
#include "testing/script_runner.hpp"

#include "testing/command_parser.hpp"
#include "testing/subject_tree.hpp"

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

const script_step* script_runner::current() const noexcept {
    return at_ < script_.steps_->size() ? &(*script_.steps_)[at_] : nullptr;
}

void script_runner::receive(std::string_view bytes, time_point now) {
    received_.append(bytes);
    advance(now);
}

void script_runner::advance(time_point now) {
    while (failure_.empty() && step(now)) {
        ++at_;
    }
}

void script_runner::closed() {
    gone_ = true;
}

std::string script_runner::take(std::size_t size) {
    if (pieces_.empty()) {
        return {};
    }
    std::string& first = pieces_.front();
    std::string out = first.substr(0, size);
    first.erase(0, out.size());
    if (first.empty()) {
        pieces_.pop_front();
    }
    return out;
}

script_runner::end_kind script_runner::end() const noexcept {
    if (!failure_.empty()) {
        return end_kind::reset;
    }
    const script_step* const s = current();
    if (s != nullptr && s->kind != step_kind::fail) {
        return end_kind::open;
    }
    const script_failure how = s == nullptr ? script_failure::close : s->failure;
    return how == script_failure::close   ? end_kind::eof
           : how == script_failure::reset ? end_kind::reset
                                          : end_kind::open;
}

std::string script_runner::result() const {
    if (!failure_.empty()) {
        return failure_;
    }
    const script_step* const s = current();
    if (s == nullptr || s->kind == step_kind::fail || s->kind == step_kind::serve) {
        return "ok";
    }
    return where() + (gone_ ? ", the client has closed" : ", and waits") +
           "; unread: " + excerpt(std::string_view(received_).substr(used_));
}

bool script_runner::step(time_point now) {
    const script_step* const s = current();
    if (s == nullptr) {
        return false;
    }
    switch (s->kind) {
    case step_kind::expect_bytes: return expect_bytes(*s);
    case step_kind::expect_line: return expect_line(*s);
    case step_kind::expect_publish: return expect_publish(*s);
    case step_kind::reply: say(s->text); return true;
    case step_kind::message: return send_message(*s);
    case step_kind::wait: return wait(*s, now);
    case step_kind::serve: serve(); return false;
    case step_kind::fail: return false;
    }
    return false;
}

bool script_runner::expect_bytes(const script_step& s) {
    const std::string_view unread = std::string_view(received_).substr(used_);
    const std::size_t n = std::min(unread.size(), s.text.size());
    if (unread.substr(0, n) != std::string_view(s.text).substr(0, n)) {
        return fail(unread);
    }
    if (n < s.text.size()) {
        return false;
    }
    used_ += n;
    return true;
}

bool script_runner::take_line(std::string& line) {
    const std::size_t end = received_.find("\r\n", used_);
    if (end == std::string::npos) {
        return false;
    }
    line = received_.substr(used_, end - used_);
    used_ = end + 2;
    return true;
}

bool script_runner::expect_line(const script_step& s) {
    std::string line;
    if (!take_line(line)) {
        return false;
    }
    if (s.accepts ? !s.accepts(line) : !line.starts_with(s.text)) {
        return fail(line);
    }
    note_subscription(line);
    return true;
}

void script_runner::note_subscription(std::string_view line) {
    const words<4> w(line, " ");
    if ((w.size() == 3 || w.size() == 4) && w[0] == "SUB") {
        subscriptions_.emplace_back(w[1], w[w.size() - 1]);
    }
}

bool script_runner::expect_publish(const script_step& s) {
    const std::size_t before = used_;
    std::string line;
    if (!take_line(line)) {
        return false;
    }
    const bool with_headers = line.starts_with("HPUB ");
    if (!with_headers && !line.starts_with("PUB ")) {
        return fail(line);
    }
    const publish_line p =
        read_publish_line(std::string_view(line).substr(with_headers ? 5 : 4), with_headers);
    if (!p.well_formed || p.subject != s.text) {
        return fail(line);
    }
    if (received_.size() < used_ + p.size + 2) {
        used_ = before;
        return false;
    }
    const std::string_view body = std::string_view(received_).substr(used_, p.size);
    if (body.substr(p.header_size) != s.payload) {
        return fail(body.substr(p.header_size));
    }
    used_ += p.size + 2;
    return true;
}

bool script_runner::send_message(const script_step& s) {
    const auto found = std::find_if(
        subscriptions_.rbegin(), subscriptions_.rend(),
        [&s](const auto& subscription) { return matches(subscription.first, s.text); });
    if (found == subscriptions_.rend()) {
        failure_ = where() + ", and the client has no subscription to it";
        return false;
    }
    say(message_operation(s, found->second));
    return true;
}

bool script_runner::wait(const script_step& s, time_point now) {
    if (!waiting_) {
        waiting_ = true;
        until_ = now + s.span;
    }
    if (now < until_) {
        return false;
    }
    waiting_ = false;
    until_ = time_point::max();
    return true;
}

void script_runner::serve() {
    for (std::string line; take_line(line);) {
        if (line == "PING") {
            say("PONG\r\n");
        }
    }
}

void script_runner::say(std::string_view bytes) {
    while (!bytes.empty()) {
        std::size_t n = bytes.size();
        if (script_.piece_ != 0) {
            n = std::min(n, script_.piece_);
        }
        if (script_.split_ > said_) {
            n = std::min(n, script_.split_ - said_);
        }
        pieces_.emplace_back(bytes.substr(0, n));
        said_ += n;
        bytes.remove_prefix(n);
    }
}

bool script_runner::fail(std::string_view got) {
    failure_ = where() + ", got " + excerpt(got);
    return false;
}

std::string script_runner::where() const {
    return "step " + std::to_string(at_) + " " + describe(*current());
}

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
