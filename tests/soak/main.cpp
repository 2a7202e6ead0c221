// SPDX-License-Identifier: Apache-2.0
// soak SECONDS [SEED]
// Four publishers and fifty subscriptions of one client, on four threads, while the cluster they
// live on suffers one harm after the other. After each: the client is back in time, every
// subscription receives, each is there once at the server. Messages are lost only with connections;
// at the end memory and descriptors are what they were.
#include "integration/helpers.hpp"
#include "soak/chaos.hpp"
#include "soak/traffic.hpp"
#include "support/process.hpp"
#include "support/timing.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <iostream>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

using namespace conats::soak;
using namespace std::chrono_literals;
using conats::test::scaled;
using clock_type = std::chrono::steady_clock;

namespace {

constexpr auto wait = 100ms;
constexpr auto jitter = 50ms;
// Scaled: on a busy machine a server that lives must not be taken for dead. It would deliver what
// it still has by way of the others, late.
const auto ping_interval = scaled(250ms);
constexpr int pings = 2;
constexpr auto connect_timeout = 1s;

struct sample {
    std::size_t memory = 0;
    std::size_t descriptors = 0;
};

struct outage {
    std::uint64_t count = 0;
    std::chrono::milliseconds longest{0};
};

conats::connect_options options(const std::string& urls) {
    conats::connect_options o(urls);
    o.name("soak").max_reconnects(-1).reconnect_wait(wait).reconnect_jitter(jitter);
    o.ping_interval(ping_interval).max_pings_outstanding(pings).connect_timeout(connect_timeout);
    return o.ignore_discovered_servers(true); // those are not behind the proxies
}

bool eventually(std::chrono::nanoseconds within, const std::function<bool()>& f) {
    const auto until = clock_type::now() + within;
    while (!f()) {
        if (clock_type::now() > until)
            return false;
        std::this_thread::sleep_for(2ms); // servers and their cluster live by the real time
    }
    return true;
}

/// When it has to be back: at once where another server is there, plus the time it takes to notice
/// silence, plus one server that does not answer either.
std::chrono::nanoseconds allowed(harm h) {
    std::chrono::nanoseconds t = scaled(1s) + wait + jitter;
    if (is_silent(h))
        t += ping_interval * (pings + 2) + connect_timeout;
    return t;
}

class soak {
public:
    soak(std::chrono::seconds length, std::uint64_t seed)
        : length_(length),
          chaos_(seed),
          client_(
              asio::co_spawn(threads_, conats::connect(options(chaos_.urls())), asio::use_future)
                  .get()),
          traffic_(threads_, client_) {}

    int run() {
        traffic_.subscribe();
        require(eventually(scaled(10s), [&] { return traffic_.subscribed() == subscriptions; }),
                "not subscribed");
        traffic_.publish();
        require(eventually(scaled(10s), [&] { return all_receive(); }), "nothing arrives");
        const auto until = begin_ + length_;
        while (clock_type::now() < until && faults_.empty())
            round();
        finish();
        report();
        return faults_.empty() ? 0 : 1;
    }

private:
    void round() {
        const harm h = chaos_.next_harm();
        const std::size_t at = chaos_.index_of(client_.connected_url());
        if (at >= chaos_.size())
            return require(false, "not connected, and no harm was done");
        const std::uint64_t before = client_.statistics().reconnects;
        if (is_gentle(h))
            traffic_.expect_no_loss(before);
        traffic_.expect_late(!ends_server(h));
        const auto begin = clock_type::now();
        chaos_.begin(h, at);
        const bool back = eventually(allowed(h), [&] {
            return client_.statistics().reconnects > before &&
                   client_.status() == conats::status::connected;
        });
        const auto took =
            std::chrono::duration_cast<std::chrono::milliseconds>(clock_type::now() - begin);
        outage& o = outages_.at(static_cast<std::size_t>(h));
        ++o.count;
        o.longest = std::max(o.longest, took);
        chaos_.end(h, at);
        require(back, std::string(to_string(h)) + ": not connected after " +
                          std::to_string(took.count()) + " ms");
        require(eventually(scaled(10s), [&] { return all_receive(); }),
                std::string(to_string(h)) + ": a subscription receives nothing");
        check_server(h);
        be_quiet(h);
        check_losses();
        ++rounds_;
        samples_.push_back({conats::test::resident_bytes(), conats::test::open_descriptors()});
        show(h, took);
    }

    /// In quiet times nothing is lost.
    void be_quiet(harm h) {
        constexpr std::uint64_t messages = 10'000;
        const std::uint64_t until = traffic_.received() + messages;
        require(eventually(scaled(20s), [&] { return traffic_.received() >= until; }),
                "after " + std::string(to_string(h)) + " messages come too slowly");
    }

    /// Since the last time it was true.
    bool all_receive() {
        const auto now = traffic_.counts();
        if (base_.empty())
            base_ = now;
        if (!std::equal(now.begin(), now.end(), base_.begin(), std::greater<>()))
            return false;
        base_.clear();
        return true;
    }

    void check_server(harm h) {
        const std::size_t at = chaos_.index_of(client_.connected_url());
        if (at >= chaos_.size())
            return; // just moved on
        const auto connz = chaos_.server(at).monitor().get("/connz?subs=1");
        for (const auto& c : connz.at("connections").as_array()) {
            const auto* name = c.as_object().if_contains("name");
            if (name == nullptr || name->as_string() != "soak")
                continue;
            std::multiset<std::string> subjects;
            for (const auto& s : c.at("subscriptions_list").as_array())
                subjects.insert(std::string(s.as_string()));
            const std::set<std::string> once(subjects.begin(), subjects.end());
            require(subjects.size() == subscriptions && once.size() == subscriptions,
                    std::string(to_string(h)) + ": the server has " +
                        std::to_string(subjects.size()) + " subscriptions, " +
                        std::to_string(once.size()) + " of them different");
        }
    }

    void check_losses() {
        for (const std::string& what : traffic_.unexplained())
            require(false, what);
        const auto s = client_.statistics();
        require(s.dropped_messages == 0 && s.dropped_publications == 0,
                std::to_string(s.dropped_messages) + " messages and " +
                    std::to_string(s.dropped_publications) + " publications dropped");
    }

    void finish() {
        traffic_.stop_publishing();
        require(eventually(scaled(10s), [&] { return traffic_.publishing() == 0; }),
                "a publisher hangs");
        traffic_.stop();
        auto drained = asio::co_spawn(threads_, client_.drain(), asio::use_future);
        require(drained.wait_for(scaled(20s)) == std::future_status::ready, "drain hangs");
        const bool ended = eventually(scaled(10s), [&] { return traffic_.consuming() == 0; });
        require(ended, "a consumer hangs");
        if (ended && faults_.empty()) {
            traffic_.check_tails();
            check_losses();
            require(traffic_.received() + traffic_.lost() == traffic_.sent_messages(),
                    "sent is not received and lost");
        }
        const std::uint64_t more = client_.statistics().reconnects - rounds_;
        require(more == 0 || !faults_.empty(),
                std::to_string(more) + " reconnects that no harm has caused");
        require(traffic_.out_of_order() == 0,
                std::to_string(traffic_.out_of_order()) + " messages out of order or doubled");
        require(traffic_.broken() == 0, "a consumer or publisher ended by itself");
        check_growth();
        threads_.join();
    }

    // The first rounds fill caches and pools.
    void check_growth() {
        constexpr std::size_t warm = 2 * harms;
        if (samples_.size() < 2 * warm)
            return;
        const auto median = [&](std::size_t first, auto member) {
            std::vector<std::size_t> all;
            for (std::size_t i = first; i != first + harms; ++i)
                all.push_back(samples_.at(i).*member);
            std::nth_element(all.begin(), all.begin() + harms / 2, all.end());
            return all.at(harms / 2);
        };
        const std::size_t last = samples_.size() - harms;
        const std::size_t fds = median(warm, &sample::descriptors);
        const std::size_t fds_now = median(last, &sample::descriptors);
        require(fds_now <= fds + 4,
                std::to_string(fds) + " descriptors became " + std::to_string(fds_now));
        const std::size_t memory = median(warm, &sample::memory) >> 10U;
        const std::size_t memory_now = median(last, &sample::memory) >> 10U;
        std::cout << "RSS " << memory << " KiB -> " << memory_now << " KiB, descriptors " << fds
                  << " -> " << fds_now << "\n";
        if (!conats::test::sanitized) // those keep what is freed
            require(memory_now <= memory + (8U << 10U), "RSS has grown by more than 8 MiB");
    }

    void require(bool ok, const std::string& what) {
        if (!ok)
            faults_.push_back(what);
    }

    void show(harm h, std::chrono::milliseconds took) const {
        const auto at =
            std::chrono::duration_cast<std::chrono::seconds>(clock_type::now() - begin_);
        std::cerr << (isatty(2) != 0 ? "\r\033[K" : "") << at.count() << " of " << length_.count()
                  << " s, round " << rounds_ << ": " << to_string(h) << ", back after "
                  << took.count() << " ms; " << traffic_.received() << " received, "
                  << traffic_.lost() << " lost, " << traffic_.late() << " late, "
                  << traffic_.out_of_order() << " out of order, " << (samples_.back().memory >> 20U)
                  << " MiB, " << samples_.back().descriptors << " descriptors"
                  << (isatty(2) != 0 ? "" : "\n") << std::flush;
    }

    void report() const {
        std::cerr << "\n";
        for (std::size_t h = 0; h != harms; ++h)
            std::cout << to_string(static_cast<harm>(h)) << ": " << outages_.at(h).count
                      << " times, longest " << outages_.at(h).longest.count() << " ms of "
                      << std::chrono::duration_cast<std::chrono::milliseconds>(
                             allowed(static_cast<harm>(h)))
                             .count()
                      << " allowed\n";
        std::cout << rounds_ << " rounds, " << client_.statistics().reconnects << " reconnects, "
                  << traffic_.sent_messages() << " sent, " << traffic_.refused() << " refused, "
                  << traffic_.received() << " received, " << traffic_.late() << " of them late, "
                  << traffic_.lost() << " lost, " << traffic_.unexplained().size()
                  << " times without a reason\n";
        for (const std::string& f : faults_)
            std::cout << "FAILED: " << f << "\n";
        std::cout << (faults_.empty() ? "ok" : "not ok") << std::endl;
    }

    std::chrono::seconds length_;
    clock_type::time_point begin_ = clock_type::now();
    chaos chaos_;
    asio::thread_pool threads_{4};
    conats::client client_;
    traffic traffic_;
    std::vector<std::uint64_t> base_;
    std::vector<sample> samples_;
    std::array<outage, harms> outages_{};
    std::vector<std::string> faults_;
    std::uint64_t rounds_ = 0;
};

std::uint64_t number(const char* text) {
    std::uint64_t n = 0;
    const std::string_view all(text);
    const auto r = std::from_chars(all.data(), all.data() + all.size(), n);
    if (r.ec != std::errc() || r.ptr != all.data() + all.size() || n == 0)
        throw std::invalid_argument("'" + std::string(all) + "' is no number above 0");
    return n;
}

} // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 2 && argc != 3)
            throw std::invalid_argument("usage: soak SECONDS [SEED]");
        const auto seed =
            argc == 3 ? number(argv[2])
                      : static_cast<std::uint64_t>(clock_type::now().time_since_epoch().count());
        std::cout << "seed " << seed << std::endl;
        if (conats::test::server_binary().empty()) {
            std::cout << "conats-test-skipped: SKIPPED: needs a nats-server" << std::endl;
            return 0;
        }
        soak s(std::chrono::seconds(number(argv[1])), seed);
        return s.run();
    } catch (const std::exception& e) {
        std::cerr << "soak: " << e.what() << std::endl;
        return 2;
    }
}
