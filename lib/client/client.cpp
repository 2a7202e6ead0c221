// SPDX-License-Identifier: Apache-2.0
#include "client/verbs.hpp"
#include "client/wait.hpp"
#include "support/duration_text.hpp"
#include "support/later.hpp"

#include <conats/client.hpp>

#include <utility>

namespace conats {
inline namespace v0 {

namespace impl {
namespace {

asio::awaitable<std::chrono::nanoseconds> round_trip(std::shared_ptr<connection> c) {
    if (!c)
        report(empty_handle(), nullptr);
    const auto begin = c->now();
    co_await flush(c, std::chrono::seconds(10), nullptr);
    co_return c->now() - begin;
}

asio::awaitable<void> drain(std::shared_ptr<connection> c, error* out) {
    error e = empty_handle();
    if (c) {
        wait_node node;
        const node_guard guard(*c, node);
        e = c->begin_drain(node);
        if (!e) {
            co_await park(c, node);
            e = node.outcome == wake::cancelled ? aborted() : c->drain_result();
        }
    }
    report(e, out);
}

/// Takes the wait out of the connection and its subscriptions with the frame it is in.
class handled_guard {
public:
    handled_guard(connection& c, handled_wait& w) noexcept : connection_(c), wait_(w) {}
    handled_guard(const handled_guard&) = delete;
    handled_guard& operator=(const handled_guard&) = delete;
    ~handled_guard() { connection_.end_handled_wait(wait_); }

private:
    connection& connection_;
    handled_wait& wait_;
};

asio::awaitable<void> barrier(std::shared_ptr<connection> c, std::chrono::nanoseconds timeout,
                              error* out) {
    error e;
    if (std::string fault = timeout_fault("barrier: the timeout", timeout); !fault.empty()) {
        e = error(errc::invalid_argument, std::move(fault));
    } else if (!c) {
        e = empty_handle();
    } else {
        handled_wait wait;
        wait_node& node = wait;
        const handled_guard guard(*c, wait);
        if (c->begin_handled_wait(wait, e)) {
            c->set_timer(node, later(c->now(), timeout));
            co_await park(c, node);
            if (node.outcome == wake::cancelled)
                e = aborted();
            else if (node.outcome == wake::timeout)
                e = error(errc::timeout,
                          "its messages are not handled within " + duration_text(timeout))
                        .subject(c->unhandled_subject(wait));
            else if (node.outcome == wake::ended)
                e = c->end_error();
        }
    }
    report(e, out);
}

asio::awaitable<void> close(std::shared_ptr<connection> c) {
    if (!c)
        co_return;
    wait_node node;
    const node_guard guard(*c, node);
    if (!c->begin_close(&node))
        co_return;
    co_await park(c, node);
    if (node.outcome == wake::cancelled)
        report(aborted(), nullptr);
}

} // namespace

asio::awaitable<void> flush(std::shared_ptr<connection> c, std::chrono::nanoseconds timeout,
                            error* out) {
    error e = empty_handle();
    if (std::string fault = timeout_fault("flush: the timeout", timeout); !fault.empty()) {
        e = error(errc::invalid_argument, std::move(fault));
    } else if (c) {
        wait_node node;
        const node_guard guard(*c, node);
        e = c->begin_barrier(node);
        if (!e) {
            c->set_timer(node, later(c->now(), timeout));
            co_await park(c, node);
            if (node.outcome == wake::cancelled)
                e = aborted();
            else if (node.outcome == wake::timeout)
                e = error(errc::timeout, "no PONG within " + duration_text(timeout));
            else if (node.outcome == wake::ended)
                e = c->end_error();
        }
    }
    report(e, out);
}

} // namespace impl

client::client() noexcept = default;
client::client(std::shared_ptr<impl::lease> lease) noexcept : lease_(std::move(lease)) {}
client::client(const client&) noexcept = default;
client::client(client&&) noexcept = default;
client& client::operator=(const client&) noexcept = default;
client& client::operator=(client&&) noexcept = default;
client::~client() = default;

asio::awaitable<void> client::flush(time_limit timeout) const {
    return impl::flush(impl::connection_of(lease_), timeout, nullptr);
}

asio::awaitable<void> client::flush(time_limit timeout, error& e) const {
    return impl::flush(impl::connection_of(lease_), timeout, &e);
}

asio::awaitable<std::chrono::nanoseconds> client::rtt() const {
    return impl::round_trip(impl::connection_of(lease_));
}

asio::awaitable<void> client::drain() const {
    return impl::drain(impl::connection_of(lease_), nullptr);
}

asio::awaitable<void> client::drain(error& e) const {
    return impl::drain(impl::connection_of(lease_), &e);
}

asio::awaitable<void> client::barrier(time_limit timeout) const {
    return impl::barrier(impl::connection_of(lease_), timeout, nullptr);
}

asio::awaitable<void> client::barrier(time_limit timeout, error& e) const {
    return impl::barrier(impl::connection_of(lease_), timeout, &e);
}

asio::awaitable<void> client::close() const {
    return impl::close(impl::connection_of(lease_));
}

error client::force_reconnect() const {
    return lease_ ? lease_->get().force_reconnect() : impl::empty_handle();
}

error client::set_servers(std::string_view list) const {
    if (!lease_)
        return impl::empty_handle();
    std::vector<impl::server_address> servers;
    if (error e = impl::parse_server_list(list, servers))
        return e;
    if (error e = impl::check_servers(servers, lease_->get().options()))
        return e;
    return lease_->get().replace_servers(std::move(servers));
}

std::vector<server_state> client::servers() const {
    return lease_ ? lease_->get().server_states() : std::vector<server_state>();
}

conats::status client::status() const noexcept {
    return lease_ ? lease_->get().status() : conats::status::disconnected;
}

error client::close_reason() const {
    return lease_ && status() == conats::status::closed ? lease_->get().close_reason() : error();
}

conats::server_info client::server_info() const {
    return lease_ ? lease_->get().server_info() : conats::server_info();
}

std::string client::connected_url() const {
    return lease_ ? lease_->get().connected_url() : std::string();
}

std::string client::local_address() const {
    return lease_ ? lease_->get().local_address() : std::string();
}

std::string client::remote_address() const {
    return lease_ ? lease_->get().remote_address() : std::string();
}

conats::tls_info client::tls_info() const {
    return lease_ ? lease_->get().tls_info() : conats::tls_info();
}

conats::statistics client::statistics() const {
    return lease_ ? lease_->get().statistics() : conats::statistics();
}

latency_statistics client::latency() const {
    return lease_ ? lease_->get().latency() : latency_statistics();
}

connect_attempt client::last_attempt() const {
    return lease_ ? lease_->get().last_attempt() : connect_attempt();
}

event_stream client::events() const {
    return lease_ ? event_stream(lease_->get().open_events()) : event_stream();
}

asio::any_io_executor client::get_executor() const {
    return lease_ ? lease_->get().user_executor() : asio::any_io_executor();
}

} // namespace v0
} // namespace conats
