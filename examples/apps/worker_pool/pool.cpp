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

/// By the headers that NATS services use for it (ADR-32). Who did not ask gets none.
void answer_with_error(const conats::message& job, std::string_view code, std::string why) {
    // What is thrown may hold what a header may not.
    std::replace_if(why.begin(), why.end(), [](char c) { return c < ' ' && c >= 0; }, ' ');
    conats::publish_options o;
    o.headers(
        conats::headers().add("Nats-Service-Error-Code", code).add("Nats-Service-Error", why));
    job.try_respond("", o);
}

void answer(const conats::message& job, const std::string& result) {
    if (job.reply().empty())
        return;
    if (const conats::error e = job.try_respond(result))
        answer_with_error(job, "500", e.what());
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
    for (unsigned attempt = 1;; ++attempt) {
        std::string why;
        try {
            const std::string result = co_await s->job(job);
            answer(job, result);
            ++s->counters.done;
            co_return;
        } catch (const bad_job& e) {
            ++s->counters.refused;
            answer_with_error(job, "400", e.what());
            co_return;
        } catch (const std::exception& e) {
            why = e.what();
        }
        if (attempt >= s->how.attempts) {
            ++s->counters.failed;
            answer_with_error(job, "500", why);
            co_return;
        }
        ++s->counters.retries;
        co_await s->sleep(pause);
        pause *= 2;
    }
}

} // namespace worker_pool
