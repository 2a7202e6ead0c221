// SPDX-License-Identifier: Apache-2.0
#include "simulation.hpp"

#include "actors.hpp"
#include "engine/random_numbers.hpp"
#include "invariants.hpp"
#include "journal.hpp"
#include "last_words.hpp"
#include "model.hpp"
#include "network.hpp"
#include "schedule.hpp"
#include "support/allocation_counter.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

namespace conats::simulation {

namespace {

using std::chrono::seconds;

/// Any start will do, as long as it is always the same.
constexpr time_point start{std::chrono::hours(1)};

/// More than any run needs between two points in time, or in all.
constexpr std::size_t most_handlers_at_once = 20'000;
constexpr std::size_t most_jumps = 100'000;

class world {
public:
    world(const schedule& s, journal& j)
        : schedule_(s),
          journal_(j),
          model_(j, s.clients.size()),
          context_(std::make_unique<asio::io_context>(1)),
          time_(asio::make_service<conats::impl::manual_time>(*context_, start)) {
        asio::make_service<conats::impl::repeatable_random>(*context_, s.engine_seed);
        network_ = std::make_unique<network>(*context_, model_, j, s);
        actors_ = std::make_unique<actors>(*context_, *network_, model_, j, s);
        invariants_ = std::make_unique<invariants>(*network_, model_, *actors_, j);
    }

    void play();

private:
    void run_ready();
    void run_for(nanoseconds d);
    void settle();
    void probe();
    void end();

    const schedule& schedule_;
    journal& journal_;
    // Handles may outlive the context, but for the network's, which its streams refer to.
    model model_;
    std::unique_ptr<network> network_;
    std::unique_ptr<actors> actors_;
    std::unique_ptr<invariants> invariants_;
    std::size_t jumps_ = 0;
    std::unique_ptr<asio::io_context> context_;
    conats::impl::manual_time& time_;
};

void world::run_ready() {
    std::size_t ran = 0;
    for (;;) {
        if (journal_.keeps_lines()) {
            const auto us =
                std::chrono::duration_cast<std::chrono::microseconds>(time_.now() - start);
            journal_.stamp(std::to_string(us.count() / 1000) + '.' +
                           std::to_string(us.count() % 1000 / 100) + " ms ");
        }
        network_->run_due();
        context_->restart(); // it stops whenever it runs out of work
        const std::size_t n = context_->poll();
        ran += n + 1;
        if (n == 0 && network_->next_event() > time_.now())
            return;
        if (ran > most_handlers_at_once) {
            journal_.fail("handlers run for ever");
            return;
        }
    }
}

void world::run_for(nanoseconds d) {
    const time_point end = time_.now() + d;
    run_ready();
    while (!journal_.failed()) {
        const time_point next = std::min(time_.next_deadline(), network_->next_event());
        if (next > end)
            break;
        time_.advance_to(next);
        run_ready();
        if (++jumps_ > most_jumps)
            journal_.fail("time goes in too many steps");
    }
    time_.advance_to(end);
    run_ready();
}

void world::play() {
    actors_->connect_all();
    run_for(milliseconds(20));
    for (const step& s : schedule_.steps) {
        if (journal_.failed())
            return;
        journal_.note([&] { return describe(s); });
        actors_->carry_out(s);
        if (s.kind == step_kind::cancel)
            run_ready(); // who is cancelled is so at once
        if (s.pause.count() != 0) {
            run_for(s.pause);
            invariants_->check_always();
        }
    }
    run_ready();
    end();
}

// Longer than all waits that may follow each other: attempts of 2 s and pauses of as much.
void world::settle() {
    network_->heal();
    run_for(seconds(12));
    if (!journal_.failed())
        invariants_->check_settled();
}

/// Whether what was subscribed still is, and what is published comes to a server.
void world::probe() {
    for (actor& a : actors_->all()) {
        if (!a.handle || a.handle->status() != status::connected)
            continue;
        step s;
        s.x = 1;
        s.y = 1;
        s.z = 1;
        actors_->publish(a, s);
        actors_->flush(a, seconds(5));
        for (interest& i : model_.interests())
            if (i.client == a.index && i.kind == interest_kind::loop && i.handle && !i.has_consumer)
                actors_->consume(i, 0, nanoseconds(0));
    }
    for (std::size_t i = 0; i != network_->servers().size(); ++i)
        for (const char* subject : {"t.0.0", "t.1.1", "t.2.0"})
            network_->publish_outside(i, subject, 0);
    const std::uint64_t links = network_->links();
    run_for(seconds(6));
    if (journal_.failed())
        return;
    invariants_->check_settled();
    for (const actor& a : actors_->all())
        if (a.handle && a.handle->status() == status::connected && actors_->all().size() == 1 &&
            network_->links() != links)
            journal_.fail("the client reconnects without reason");
}

void world::end() {
    if (journal_.failed())
        return;
    if (schedule_.how != ending::destroy_context_early) {
        settle();
        probe();
    }
    journal_.note([&] { return "the end: " + std::string(to_string(schedule_.how)); });
    if (schedule_.how != ending::destroy_context &&
        schedule_.how != ending::destroy_context_early && !journal_.failed()) {
        actors_->end_all(schedule_.how);
        run_for(seconds(9));
        invariants_->check_ended();
        actors_->drop_handles();
        run_for(seconds(5));
        invariants_->check_gone();
    }
    invariants_.reset();
    context_.reset();
    actors_->drop_handles();
}

std::string to_command(std::uint64_t seed) {
    return "scripts/simulate --seed " + std::to_string(seed);
}

} // namespace

verdict run(std::uint64_t seed, bool keeps_lines) {
    journal j(keeps_lines);
    {
        const schedule s = make_schedule(seed);
        for (const server_plan& each : s.servers)
            j.note([&] { return "server: " + describe(each); });
        for (const client_plan& each : s.clients)
            j.note([&] { return "client: " + describe(each); });
        world w(s, j);
        w.play();
    }
    verdict v;
    v.failure = j.failure();
    v.transcript = j.take_lines();
    return v;
}

std::string explain(std::uint64_t seed) {
    const verdict v = run(seed, true);
    std::string out;
    for (const std::string& line : v.transcript)
        out += line + '\n';
    if (v.failure.empty())
        return out;
    return out + "seed " + std::to_string(seed) + ": " + v.failure +
           "\nreplay: " + to_command(seed) + '\n';
}

namespace {

/// What a run leaves behind. Twice, since the first time may make what stays: libraries' caches.
std::string check_memory(std::uint64_t seed) {
    std::int64_t left = 0;
    for (int i = 0; i != 2; ++i) {
        const std::int64_t before = test::live_blocks();
        (void)run(seed);
        left = test::live_blocks() - before;
    }
    return left == 0 ? std::string() : std::to_string(left) + " blocks of memory are left behind";
}

} // namespace

tally run_many(std::uint64_t first, std::uint64_t count) {
    const last_words guard;
    tally t;
    for (std::uint64_t i = 0; i != count; ++i) {
        const std::uint64_t seed = first + i;
        last_words::begin(seed);
        const std::int64_t before = test::live_blocks();
        std::string failure = run(seed).failure;
        ++t.runs;
        if (failure.empty() && test::live_blocks() != before)
            failure = check_memory(seed);
        if (!failure.empty()) {
            t.failed_seed = seed;
            t.failure = std::move(failure);
            return t;
        }
    }
    return t;
}

} // namespace conats::simulation
