// SPDX-License-Identifier: Apache-2.0
#include "doctor_link.hpp"

#include "doctor_diagnosis.hpp"
#include "text.hpp"

#include <conats/error.hpp>
#include <conats/event.hpp>
#include <conats/subscription.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tool {

namespace asio = boost::asio;

namespace {

using clock = std::chrono::steady_clock;
using nanoseconds = std::chrono::nanoseconds;

finding timed(finding f, clock::time_point since) {
    f.took = clock::now() - since;
    return f;
}

/// At least a little, since no time at all is refused.
nanoseconds left_of(nanoseconds limit, clock::time_point since) {
    return std::max<nanoseconds>(limit - (clock::now() - since), std::chrono::milliseconds(1));
}

finding judge_round_trips(std::vector<nanoseconds> times, nanoseconds slow) {
    std::sort(times.begin(), times.end());
    const nanoseconds median = times[times.size() / 2];
    finding f(step::round_trip, verdict::ok, "");
    f.text = std::to_string(times.size()) + " times, from " + duration_text(times.front()) +
             " to " + duration_text(times.back()) + ", median " + duration_text(median);
    f.more["count"] = times.size();
    f.more["min_ns"] = times.front().count();
    f.more["median_ns"] = median.count();
    f.more["max_ns"] = times.back().count();
    if (median > slow) {
        f.text += ", which is more than " + duration_text(slow);
        f.result = verdict::warning;
        f.what = diagnosis::slow_link;
    }
    return f;
}

class link_check {
public:
    link_check(conats::client nc, doctor_settings settings, nanoseconds limit, doctor_printer& to)
        : nc_(std::move(nc)),
          settings_(std::move(settings)),
          limit_(limit),
          to_(to) {
        was_lame_duck_ = nc_.server_info().lame_duck_mode;
        subject_ = settings_.subject.empty() ? nc_.new_inbox() : settings_.subject;
    }

    /// False where what follows is not worth trying.
    asio::awaitable<bool> round_trips();
    asio::awaitable<void> message();
    asio::awaitable<void> jetstream();
    /// Whether the server has begun to shut down meanwhile.
    void lame_duck() const;

private:
    asio::awaitable<conats::error> subscribe(conats::subscription& sub);
    asio::awaitable<void> publish(conats::subscription& sub);
    [[nodiscard]] conats::error refusal_of(conats::event_stream& events) const;

    conats::client nc_;
    doctor_settings settings_;
    std::string subject_;
    nanoseconds limit_;
    doctor_printer& to_;
    bool has_inbox_ = true;
    bool was_lame_duck_ = false;
};

asio::awaitable<bool> link_check::round_trips() {
    const auto begin = clock::now();
    std::vector<nanoseconds> times;
    conats::error e;
    while (!e && times.size() < settings_.count &&
           (times.empty() || clock::now() - begin < limit_)) {
        const auto sent = clock::now();
        co_await nc_.flush(left_of(limit_, begin), e);
        if (!e)
            times.push_back(clock::now() - sent);
    }
    // There may be no time for all of them.
    const bool fails = e && (times.empty() || !(e == conats::errc::timeout));
    if (fails)
        to_.add(timed(diagnose(step::round_trip, e), begin));
    else
        to_.add(timed(judge_round_trips(std::move(times), settings_.slow), begin));
    co_return !fails;
}

asio::awaitable<conats::error> link_check::subscribe(conats::subscription& sub) {
    conats::error e;
    sub = co_await nc_.subscribe(subject_, e);
    if (!e)
        co_await nc_.flush(limit_, e);
    if (!e)
        e = sub.end_reason();
    if (e == conats::condition::invalid_use)
        throw conats::system_error(e); // of --subject
    co_return e;
}

/// Of the publish, if the server has refused it.
conats::error link_check::refusal_of(conats::event_stream& events) const {
    while (const auto e = events.try_next())
        if (e->kind() == conats::event_kind::permission_denied && e->what().subject() == subject_)
            return e->what();
    return {};
}

asio::awaitable<void> link_check::publish(conats::subscription& sub) {
    const auto begin = clock::now();
    auto events = nc_.events();
    conats::error e = nc_.try_publish(subject_, "");
    if (!e)
        co_await nc_.flush(limit_, e);
    if (!e)
        e = refusal_of(events);
    if (e == conats::condition::invalid_use)
        throw conats::system_error(e); // a wildcard in --subject
    if (e) {
        to_.add(timed(diagnose(step::publish, e), begin));
        co_return;
    }
    finding f(step::publish, verdict::ok, "to " + in_quotes(subject_));
    if (sub.active()) {
        conats::error none;
        const auto back = co_await sub.next(left_of(limit_, begin), none);
        if (back) {
            f.text += ", and the message came back";
        } else {
            f = finding(step::publish, verdict::failed,
                        "a message to " + in_quotes(subject_) + " did not come back",
                        diagnosis::message_lost);
        }
    }
    to_.add(timed(std::move(f), begin));
}

asio::awaitable<void> link_check::message() {
    const auto begin = clock::now();
    conats::subscription sub;
    const conats::error e = co_await subscribe(sub);
    if (e)
        to_.add(timed(diagnose(step::subscribe, e), begin));
    else
        to_.add(timed({step::subscribe, verdict::ok, "to " + in_quotes(subject_)}, begin));
    has_inbox_ = !e || !settings_.subject.empty();
    co_await publish(sub);
}

asio::awaitable<void> link_check::jetstream() {
    if (!has_inbox_) {
        to_.skip({step::jetstream});
        co_return;
    }
    const auto begin = clock::now();
    conats::error e;
    const conats::request_options options(limit_);
    const auto reply = co_await nc_.request("$JS.API.INFO", "", options, e);
    finding f(step::jetstream, verdict::note, "");
    if (!e) {
        f = read_jetstream_answer(reply.text());
    } else if (e == conats::errc::no_responders) {
        f.text = "not enabled on this server: nobody answers $JS.API.INFO";
        f.what = diagnosis::jetstream_off;
    } else if (e == conats::errc::permission_denied) {
        f.text = "this user may not use it";
        f.server_words = e.text();
        f.what = diagnosis::jetstream_not_permitted;
    } else {
        f = diagnose(step::jetstream, e);
    }
    to_.add(timed(std::move(f), begin));
}

void link_check::lame_duck() const {
    if (nc_.server_info().lame_duck_mode && !was_lame_duck_)
        to_.add({step::info, verdict::failed, "the server has announced that it shuts down",
                 diagnosis::lame_duck});
}

} // namespace

asio::awaitable<void> check_link(conats::client nc, doctor_settings settings,
                                 std::chrono::nanoseconds limit, doctor_printer& to) {
    link_check check(std::move(nc), std::move(settings), limit, to);
    const bool answers = co_await check.round_trips();
    if (!answers) {
        to.skip({step::subscribe, step::publish, step::jetstream});
        co_return;
    }
    co_await check.message();
    co_await check.jetstream();
    check.lame_duck();
}

} // namespace tool
