// SPDX-License-Identifier: Apache-2.0
#include "testing/fault_connection.hpp"
#include "testing/loopback.hpp"

#include <conats/testing/fault_proxy.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <thread>
#include <utility>

namespace conats {
inline namespace v0 {
namespace testing {

using tcp = asio::ip::tcp;

/// What the proxy's connections share, and they themselves while their contexts live.
class fault_proxy::state : public std::enable_shared_from_this<state> {
public:
    state(std::string host, std::uint16_t port)
        : target_(asio::ip::make_address(host), port),
          shared_(std::make_shared<impl::fault_settings>()) {}

    void serve(tcp::socket client) {
        if (shared_->refuses()) {
            shared_->count_refused();
            impl::reset_socket(client);
            return;
        }
        const auto executor = client.get_executor();
        asio::co_spawn(executor, connect(shared_, target_, std::move(client)), asio::detached);
    }

    [[nodiscard]] impl::fault_settings& shared() const noexcept { return *shared_; }

    impl::loopback_listeners listeners;

private:
    static asio::awaitable<void> connect(std::shared_ptr<impl::fault_settings> shared,
                                         tcp::endpoint target, tcp::socket client) {
        tcp::socket server(client.get_executor());
        const auto [ec] = co_await server.async_connect(target, asio::as_tuple(asio::deferred));
        if (ec) {
            shared->count_refused();
            impl::reset_socket(client);
            co_return;
        }
        error_code ignored;
        (void)server.set_option(tcp::no_delay(true), ignored);
        impl::fault_connection::start(std::move(shared), std::move(client), std::move(server));
    }

    const tcp::endpoint target_;
    const std::shared_ptr<impl::fault_settings> shared_;
};

class fault_proxy::own_thread {
public:
    own_thread() : work_(context_.get_executor()), thread_([this] { context_.run(); }) {}
    own_thread(const own_thread&) = delete;
    own_thread& operator=(const own_thread&) = delete;
    ~own_thread() {
        context_.stop();
        thread_.join();
    }
    [[nodiscard]] asio::any_io_executor executor() { return context_.get_executor(); }

private:
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::thread thread_;
};

fault_proxy::fault_proxy(const asio::any_io_executor& executor, std::string host,
                         std::uint16_t port)
    : state_(std::make_shared<state>(std::move(host), port)) {
    port_ = state_->listeners.listen(executor, 0,
                                     [weak = std::weak_ptr<state>(state_)](tcp::socket socket) {
                                         if (const auto s = weak.lock()) {
                                             s->serve(std::move(socket));
                                         }
                                     });
}

fault_proxy::fault_proxy(std::string host, std::uint16_t port)
    : thread_(std::make_unique<own_thread>()),
      state_(std::make_shared<state>(std::move(host), port)) {
    port_ = state_->listeners.listen(thread_->executor(), 0,
                                     [weak = std::weak_ptr<state>(state_)](tcp::socket socket) {
                                         if (const auto s = weak.lock()) {
                                             s->serve(std::move(socket));
                                         }
                                     });
}

fault_proxy::~fault_proxy() {
    state_->listeners.stop();
    state_->shared().end_all(impl::fault_action::reset);
    thread_.reset(); // closes what it has not reset by then
}

std::uint16_t fault_proxy::port() const noexcept {
    return port_;
}
std::string fault_proxy::url() const {
    return "nats://127.0.0.1:" + std::to_string(port_);
}

void fault_proxy::to_server(const faults& f) {
    state_->shared().set(impl::way::to_server, f);
}
void fault_proxy::to_client(const faults& f) {
    state_->shared().set(impl::way::to_client, f);
}
void fault_proxy::pass() {
    state_->shared().set(impl::way::to_server, faults());
    state_->shared().set(impl::way::to_client, faults());
    state_->shared().refuse(false);
}
void fault_proxy::refuse(bool on) {
    state_->shared().refuse(on);
}
void fault_proxy::close_all() {
    state_->shared().end_all(impl::fault_action::close);
}
void fault_proxy::reset_all() {
    state_->shared().end_all(impl::fault_action::reset);
}
fault_statistics fault_proxy::statistics() const {
    return state_->shared().statistics();
}

} // namespace testing
} // namespace v0
} // namespace conats
