// SPDX-License-Identifier: Apache-2.0
#include "pool.hpp"

#include <conats/headers.hpp>
#include <conats/publish_options.hpp>
#include <conats/subscribe_options.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace worker_pool {

asio::awaitable<void> sleep_by_the_system(std::chrono::steady_clock::duration d) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, d);
    co_await timer.async_wait(asio::use_awaitable);
}

struct pool::state {
    state(job_function j, const options& o, sleep_function s)
        : job(std::move(j)),
          how(o),
          sleep(std::move(s)) {}

    job_function job;
    options how;
    sleep_function sleep;
    worker_pool::counters counters;
};

namespace {

/// Counts a job that is at work.
class running_job {
public:
    explicit running_job(counters& c) : counters_(c) {
        ++counters_.running;
        counters_.most_running = std::max(counters_.most_running, counters_.running);
    }
    running_job(const running_job&) = delete;
    running_job& operator=(const running_job&) = delete;
    ~running_job() { --counters_.running; }

private:
    counters& counters_;
};

/// What a job came to.
class outcome {
public:
    outcome() {} // not an aggregate, for g++ 12

    std::string code; ///< of an error; empty where the job is done
    std::string text; ///< its result, or why it has none
};

asio::awaitable<outcome> attempt(const job_function& job, const conats::message& m) {
    outcome o;
    try {
        o.text = co_await job(m);
    } catch (const bad_job& e) {
        o.code = "400";
        o.text = e.what();
    } catch (const std::exception& e) {
        o.code = "500";
        o.text = e.what();
    }
    co_return o;
}

/// By the headers that NATS services use for it (ADR-32).
asio::awaitable<void> answer_with_error(const conats::message& job, outcome o, conats::error& e) {
    // What is thrown may hold what a header may not.
    std::replace_if(o.text.begin(), o.text.end(), [](char c) { return c < ' ' && c >= 0; }, ' ');
    conats::publish_options how;
    how.headers(
        conats::headers().add("Nats-Service-Error-Code", o.code).add("Nats-Service-Error", o.text));
    co_await job.respond("", how, e);
}

/// Waits while the connection takes no more. Who did not ask gets no answer.
asio::awaitable<void> answer(const conats::message& job, outcome o, conats::error& e) {
    if (job.reply().empty())
        co_return;
    if (o.code.empty()) {
        co_await job.respond(o.text, e);
        if (!e)
            co_return;
        o.code = "500"; // a result that is too large, for one
        o.text = e.what();
    }
    co_await answer_with_error(job, o, e);
}

} // namespace

pool::pool(conats::client nc, job_function job, const options& o, sleep_function sleep)
    : state_(std::make_shared<state>(std::move(job), o, std::move(sleep))),
      subscription_(nc.on(
          o.subject, [s = state_](conats::message m) { return work(s, std::move(m)); },
          conats::subscribe_options().queue_group(o.queue_group).max_concurrent(o.concurrency))) {}

counters pool::counters() const {
    return state_->counters;
}

asio::awaitable<void> pool::work(std::shared_ptr<state> s, conats::message job) {
    const running_job running(s->counters);
    auto pause = std::chrono::steady_clock::duration(s->how.pause);
    outcome o = co_await attempt(s->job, job);
    for (unsigned n = 1; o.code == "500" && n < s->how.attempts; ++n) {
        ++s->counters.retries;
        co_await s->sleep(pause);
        pause *= 2;
        o = co_await attempt(s->job, job);
    }
    if (o.code.empty())
        ++s->counters.done;
    else
        ++(o.code == "400" ? s->counters.refused : s->counters.failed);
    conats::error e;
    co_await answer(job, o, e);
    if (e)
        ++s->counters.unanswered;
}

} // namespace worker_pool
