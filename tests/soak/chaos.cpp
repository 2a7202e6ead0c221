// SPDX-License-Identifier: Apache-2.0
#include "soak/chaos.hpp"

#include <algorithm>

namespace conats::soak {

namespace {

// Long enough that a client that stays is seen to stay.
constexpr const char* config = "lame_duck_grace_period: \"20s\"\nlame_duck_duration: \"30s\"\n";

} // namespace

std::string_view to_string(harm h) {
    switch (h) {
    case harm::kill: return "kill -9";
    case harm::freeze: return "SIGSTOP";
    case harm::lame_duck: return "lame duck";
    case harm::reset: return "reset";
    case harm::cut_to_server: return "cut to the server";
    case harm::cut_to_client: return "cut to the client";
    case harm::blackhole: return "blackhole";
    }
    return "?";
}

chaos::chaos(std::uint64_t seed) : cluster_(3, config), random_(seed) {
    for (std::size_t i = 0; i != cluster_.size(); ++i)
        proxies_.push_back(
            std::make_unique<testing::fault_proxy>(cluster_[i].host(), cluster_[i].port()));
    idle_.resize(proxies_.size());
}

std::string chaos::urls() const {
    std::string all;
    for (const auto& p : proxies_)
        all.append(all.empty() ? "" : ",").append(p->url());
    return all;
}

std::size_t chaos::index_of(std::string_view url) const {
    std::size_t i = 0;
    while (i != proxies_.size() && proxies_[i]->url() != url)
        ++i;
    return i;
}

harm chaos::next_harm() {
    if (order_.empty()) {
        for (std::size_t h = 0; h != harms; ++h)
            order_.push_back(static_cast<harm>(h));
        std::shuffle(order_.begin(), order_.end(), random_);
    }
    const harm h = order_.back();
    order_.pop_back();
    return h;
}

void chaos::begin(harm h, std::size_t at) {
    for (std::size_t i = 0; i != proxies_.size(); ++i)
        if (i != at)
            idle_[i] = proxies_[i]->statistics();
    switch (h) {
    case harm::kill: cluster_[at].kill(); break;
    case harm::freeze: cluster_[at].pause(); break;
    case harm::lame_duck: cluster_[at].lame_duck(); break;
    case harm::reset: proxies_[at]->reset_all(); break;
    case harm::cut_to_server: cut(at, true); break;
    case harm::cut_to_client: cut(at, false); break;
    case harm::blackhole:
        proxies_[at]->to_client(testing::faults().blackhole());
        proxies_[at]->to_server(testing::faults().blackhole());
        break;
    }
}

// Soon, and behind any byte: most often in the midst of a command.
void chaos::cut(std::size_t at, bool to_server) {
    const auto member = to_server ? &testing::fault_statistics::bytes_to_server
                                  : &testing::fault_statistics::bytes_to_client;
    const std::uint64_t passed = proxies_[at]->statistics().*member - idle_[at].*member;
    const std::uint64_t until = passed + 1 + random_() % 20'000;
    testing::faults f;
    if (random_() % 2 == 0)
        f.close_after(until);
    else
        f.reset_after(until);
    if (to_server)
        proxies_[at]->to_server(f);
    else
        proxies_[at]->to_client(f);
}

void chaos::end(harm h, std::size_t at) {
    switch (h) {
    case harm::freeze:    // resumed, it would deliver what it had got late, by way of the others
    case harm::lame_duck: // it would close in half a minute
        cluster_[at].kill();
        cluster_[at].start();
        break;
    case harm::kill: cluster_[at].start(); break;
    case harm::reset: break;
    case harm::cut_to_server:
    case harm::cut_to_client: proxies_[at]->pass(); break;
    case harm::blackhole:
        proxies_[at]->pass();
        proxies_[at]->reset_all(); // what was swallowed has left holes
        break;
    }
    cluster_.wait_for(cluster_.size());
}

} // namespace conats::soak
