// SPDX-License-Identifier: Apache-2.0
#include "engine/server_pool.hpp"

#include "support/ascii.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

// Without the bias a plain remainder has.
std::size_t below(std::size_t limit, const random_source& random) {
    const std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t usable = max - max % limit;
    std::uint64_t number = random();
    while (number >= usable) {
        number = random();
    }
    return static_cast<std::size_t>(number % limit);
}

bool is_same_server(const server_address& a, const server_address& b) noexcept {
    return a.port() == b.port() && equal_ignore_case(a.host(), b.host());
}

/// A server of the list that `announcer` sent; false if the text is none.
bool parse_discovered(const std::string& text, const server_address& announcer,
                      server_address& out) {
    // Without a host it would be this machine, and be given the announcer's credentials.
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) {
        return false;
    }
    server_address a;
    if (parse_server_address(std::string(to_string(announcer.scheme())) + "://" + text, a)) {
        return false;
    }
    if (a.has_userinfo()) {
        return false; // never sent by a server that means well
    }
    a.inherit(announcer);
    out = std::move(a);
    return true;
}

} // namespace

pool_server::pool_server(server_address a)
    : address_(std::make_shared<const server_address>(std::move(a))) {}

pool_server::pool_server(std::shared_ptr<const server_address> a) noexcept
    : address_(std::move(a)) {}

server_pool::server_pool(std::vector<server_address> servers, pool_order order,
                         random_source random)
    : order_(order),
      random_(std::move(random)) {
    servers_.reserve(servers.size());
    for (auto& address : servers) {
        servers_.emplace_back(std::move(address));
    }
    shuffle(0);
}

void server_pool::shuffle(std::size_t first) {
    if (order_ == pool_order::as_given) {
        return;
    }
    for (std::size_t i = servers_.size(); i > first + 1; --i) {
        std::swap(servers_[i - 1], servers_[first + below(i - first, random_)]);
    }
}

std::vector<server_state> server_pool::states() const {
    std::vector<server_state> all;
    all.reserve(servers_.size());
    for (const pool_server& s : servers_) {
        server_state state;
        state.url(s.address_->redacted()).failures(s.failures_).last_error(s.last_error_);
        all.push_back(state.is_discovered(s.is_discovered_).is_current(s.is_current_));
    }
    return all;
}

void server_pool::prefer(std::size_t index) {
    const auto chosen = servers_.begin() + static_cast<std::ptrdiff_t>(index);
    std::rotate(servers_.begin(), chosen, chosen + 1);
}

void server_pool::prefer(const std::shared_ptr<const server_address>& a) {
    const auto known = std::find_if(servers_.begin(), servers_.end(), [&](const pool_server& s) {
        return is_same_server(*s.address_, *a);
    });
    if (known == servers_.end()) {
        servers_.emplace(servers_.begin(), a)->is_discovered_ = true;
    } else {
        std::rotate(servers_.begin(), known, known + 1);
    }
}

std::vector<std::shared_ptr<const server_address>> server_pool::others() const {
    std::vector<std::shared_ptr<const server_address>> all;
    for (const pool_server& s : servers_) {
        if (!s.is_current_) {
            all.push_back(s.address_);
        }
    }
    return all;
}

void server_pool::on_connected() noexcept {
    for (pool_server& s : servers_) {
        s.is_current_ = false;
    }
    servers_.front().failures_ = 0;
    servers_.front().last_error_ = error();
    servers_.front().is_current_ = true;
}

void server_pool::on_failed(const error& e, std::uint32_t max_failures) {
    pool_server& s = servers_.front();
    ++s.failures_;
    s.last_error_ = e;
    if (s.failures_ >= max_failures) {
        servers_.erase(servers_.begin());
    } else {
        std::rotate(servers_.begin(), servers_.begin() + 1, servers_.end());
    }
}

bool server_pool::on_lost() {
    const auto lost = std::find_if(servers_.begin(), servers_.end(),
                                   [](const pool_server& s) { return s.is_current_; });
    if (lost == servers_.end()) {
        return false;
    }
    std::rotate(lost, lost + 1, servers_.end());
    return true;
}

void server_pool::replace(std::vector<server_address> servers) {
    std::vector<pool_server> all;
    all.reserve(servers.size());
    for (server_address& a : servers) {
        const pool_server* known = find(a);
        pool_server s(std::move(a));
        if (known != nullptr) {
            s.failures_ = known->failures_;
            s.last_error_ = known->last_error_;
            s.is_current_ = known->is_current_;
        }
        all.push_back(std::move(s));
    }
    servers_ = std::move(all);
    shuffle(0);
}

std::size_t server_pool::discover(std::span<const std::string> urls) {
    const server_address* const announcer = current();
    if (urls.empty() || announcer == nullptr) {
        return 0;
    }
    std::vector<server_address> named;
    for (const std::string& text : urls.first(std::min(urls.size(), max_discovered))) {
        server_address a;
        if (parse_discovered(text, *announcer, a)) {
            named.push_back(std::move(a));
        }
    }
    std::erase_if(servers_, [&](const pool_server& s) {
        return s.is_discovered_ && !s.is_current_ &&
               std::none_of(named.begin(), named.end(), [&](const server_address& a) {
                   return is_same_server(a, *s.address_);
               });
    });
    const std::size_t before = servers_.size();
    for (server_address& a : named) {
        if (find(a) == nullptr) {
            servers_.emplace_back(std::move(a));
            servers_.back().is_discovered_ = true;
        }
    }
    shuffle(before);
    return servers_.size() - before;
}

pool_server* server_pool::find(const server_address& a) noexcept {
    for (pool_server& s : servers_) {
        if (is_same_server(*s.address_, a)) {
            return &s;
        }
    }
    return nullptr;
}

const server_address* server_pool::current() const noexcept {
    for (const pool_server& s : servers_) {
        if (s.is_current_) {
            return s.address_.get();
        }
    }
    return nullptr;
}

} // namespace impl
} // namespace v0
} // namespace conats
