// SPDX-License-Identifier: Apache-2.0
#include "testing/fault_connection.hpp"

#include "testing/loopback.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

namespace {
constexpr std::size_t piece_size = std::size_t{64} * 1024;
/// What may be under way in one direction; a slow way has room for a moment's bytes.
constexpr std::size_t most_under_way = std::size_t{1024} * 1024;
/// A limited rate sends so often.
constexpr std::uint64_t pieces_per_second = 50;
} // namespace

void fault_settings::set(way w, const faults& f) {
    const std::lock_guard lock(mutex_);
    faults_[static_cast<std::size_t>(w)] = f;
    for (fault_connection* const c : connections_) {
        c->post_change();
    }
}

faults fault_settings::get(way w) const {
    const std::lock_guard lock(mutex_);
    return faults_[static_cast<std::size_t>(w)];
}

void fault_settings::refuse(bool on) {
    const std::lock_guard lock(mutex_);
    refuses_ = on;
}

bool fault_settings::refuses() const {
    const std::lock_guard lock(mutex_);
    return refuses_;
}

void fault_settings::end_all(fault_action how) {
    const std::lock_guard lock(mutex_);
    for (fault_connection* const c : connections_) {
        c->post_end(how);
    }
}

void fault_settings::count_refused() {
    const std::lock_guard lock(mutex_);
    ++counters_.refused;
}

void fault_settings::count_bytes(way w, std::size_t n) {
    const std::lock_guard lock(mutex_);
    (w == way::to_server ? counters_.bytes_to_server : counters_.bytes_to_client) += n;
}

void fault_settings::count_ended() {
    const std::lock_guard lock(mutex_);
    ++counters_.closed_by_faults;
}

fault_statistics fault_settings::statistics() const {
    const std::lock_guard lock(mutex_);
    fault_statistics out = counters_;
    out.open = connections_.size();
    return out;
}

void fault_settings::add(fault_connection& c) {
    const std::lock_guard lock(mutex_);
    connections_.push_back(&c);
    ++counters_.connections;
}

void fault_settings::remove(fault_connection& c) {
    const std::lock_guard lock(mutex_);
    connections_.remove(&c);
}

fault_connection::fault_connection(std::shared_ptr<fault_settings> shared, tcp::socket client,
                                   tcp::socket server)
    : shared_(std::move(shared)),
      client_(std::move(client)),
      server_(std::move(server)),
      to_server_(way::to_server, client_, server_),
      to_client_(way::to_client, server_, client_) {
    shared_->add(*this);
}

fault_connection::~fault_connection() {
    shared_->remove(*this);
}

void fault_connection::start(std::shared_ptr<fault_settings> shared, tcp::socket client,
                             tcp::socket server) {
    const auto executor = client.get_executor();
    const auto self =
        std::make_shared<fault_connection>(std::move(shared), std::move(client), std::move(server));
    for (direction* const d : {&self->to_server_, &self->to_client_}) {
        asio::co_spawn(executor, read(self, *d), asio::detached);
        asio::co_spawn(executor, write(self, *d), asio::detached);
    }
}

void fault_connection::post_change() {
    asio::post(client_.get_executor(), [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->to_server_.changed.cancel();
            self->to_client_.changed.cancel();
        }
    });
}

void fault_connection::post_end(fault_action how) {
    asio::post(client_.get_executor(), [weak = weak_from_this(), how] {
        if (const auto self = weak.lock()) {
            self->end(how);
        }
    });
}

void fault_connection::end(fault_action how) {
    if (!ended_) {
        ended_ = true;
        shared_->count_ended();
    }
    for (tcp::socket* const s : {&client_, &server_}) {
        if (how == fault_action::reset) {
            reset_socket(*s);
        } else {
            // What was sent arrives, then the end. Closing could reset, since something may be
            // unread: that is done when the other side has closed.
            error_code ignored;
            (void)s->shutdown(tcp::socket::shutdown_send, ignored);
        }
    }
    for (direction* const d : {&to_server_, &to_client_}) {
        d->changed.cancel();
        d->arrived.cancel();
    }
}

void fault_connection::send(direction& d, std::string bytes, fault_action action) {
    parcel p;
    p.due = std::chrono::steady_clock::now() + shared_->get(d.which).latency();
    p.bytes = std::move(bytes);
    p.action = action;
    d.size += p.bytes.size();
    d.under_way.push_back(std::move(p));
    d.arrived.cancel();
}

asio::awaitable<void> fault_connection::dispatch(direction& d, std::string bytes) {
    std::string_view rest = bytes;
    while (!ended_ && !d.cut) {
        fault_result r = d.line.feed(shared_->get(d.which), rest);
        rest.remove_prefix(r.used);
        const bool stalled = r.action == fault_action::stall;
        const fault_action behind = stalled ? fault_action::none : r.action;
        d.cut = behind == fault_action::close || behind == fault_action::reset;
        if (!r.out.empty() || behind != fault_action::none) {
            send(d, std::move(r.out), behind);
        }
        if (stalled || d.size > most_under_way) {
            d.changed.expires_at(time_point::max());
            (void)co_await d.changed.async_wait(asio::as_tuple(asio::deferred));
        } else if (rest.empty()) {
            break;
        }
    }
}

/// Reads on where everything is lost, so that the sender can go on and say that it closes.
asio::awaitable<void> fault_connection::read(std::shared_ptr<fault_connection> self, direction& d) {
    std::vector<char> buffer(piece_size);
    co_await self->dispatch(d, std::string());
    for (;;) {
        const auto [ec, n] =
            co_await d.from.async_read_some(asio::buffer(buffer), asio::as_tuple(asio::deferred));
        if (ec) {
            if (!self->ended_ && !d.cut) {
                const fault_action how =
                    ec == asio::error::eof ? fault_action::half_close : fault_action::reset;
                self->send(d, std::string(), how);
            }
            break;
        }
        std::string bytes(buffer.data(), n);
        co_await self->dispatch(d, std::move(bytes));
    }
    d.reading = false;
    d.arrived.cancel();
}

asio::awaitable<void> fault_connection::write(std::shared_ptr<fault_connection> self,
                                              direction& d) {
    bool more = true;
    while (more && !self->ended_ && (d.reading || !d.under_way.empty())) {
        if (d.under_way.empty()) {
            d.arrived.expires_at(time_point::max());
            (void)co_await d.arrived.async_wait(asio::as_tuple(asio::deferred));
            continue;
        }
        const time_point due = d.under_way.front().due;
        if (due > std::chrono::steady_clock::now()) {
            d.arrived.expires_at(due);
            (void)co_await d.arrived.async_wait(asio::as_tuple(asio::deferred));
            continue;
        }
        parcel p = std::move(d.under_way.front());
        d.under_way.pop_front();
        d.size -= p.bytes.size();
        d.changed.cancel();
        more = co_await self->write_parcel(d, std::move(p));
    }
}

asio::awaitable<bool> fault_connection::write_parcel(direction& d, parcel p) {
    std::size_t written = 0;
    while (written != p.bytes.size() && !ended_) {
        const std::uint64_t rate = shared_->get(d.which).rate();
        std::size_t piece = p.bytes.size() - written;
        if (rate != 0) {
            const std::uint64_t most = std::max<std::uint64_t>(rate / pieces_per_second, 1);
            piece = static_cast<std::size_t>(std::min<std::uint64_t>(piece, most));
        }
        const auto bytes = asio::buffer(p.bytes.data() + written, piece);
        const auto [ec, n] =
            co_await asio::async_write(d.to, bytes, asio::as_tuple(asio::deferred));
        if (ec) {
            if (!ended_) {
                end(fault_action::reset);
            }
            co_return false;
        }
        shared_->count_bytes(d.which, n);
        written += n;
        if (rate != 0) {
            const auto pause = std::chrono::nanoseconds(std::chrono::seconds(1)) * n / rate;
            asio::steady_timer timer(d.to.get_executor(), pause);
            (void)co_await timer.async_wait(asio::as_tuple(asio::deferred));
        }
    }
    switch (p.action) {
    case fault_action::half_close: {
        error_code ignored;
        (void)d.to.shutdown(tcp::socket::shutdown_send, ignored);
        break;
    }
    case fault_action::close:
    case fault_action::reset: end(p.action); co_return false;
    case fault_action::none:
    case fault_action::stall: break;
    }
    co_return true;
}

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
