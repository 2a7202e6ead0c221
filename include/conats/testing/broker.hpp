// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/connect_options.hpp>
#include <conats/fwd.hpp>
#include <conats/payload.hpp>
#include <conats/testing/broker_core.hpp>
#include <conats/testing/broker_options.hpp>
#include <conats/transport.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace conats {
inline namespace v0 {
namespace testing {

/// A NATS server in the process, for tests of programs that use conats: no port, no thread, no
/// process, and the same order of events in every run of a test on one thread.
///
///     conats::testing::broker broker;
///     auto nc = co_await conats::connect(broker.connect_options());
///     auto reply = co_await nc.request("greet", "joe", 1s);
///
/// What it knows and does not know of NATS: see `broker_core`.
///
/// Lifetime: may go before or after its clients and their contexts; clients then see the
/// connection's end.
/// Thread safety: everything, from any thread; hooks run under the broker's lock and must not call
/// it.
class broker {
public:
    /// Without a random source it has one that is the same in every run.
    explicit broker(broker_options options = broker_options(),
                    broker_core::random_source random = {});
    broker(const broker&) = delete;
    broker& operator=(const broker&) = delete;
    ~broker();

    // --- clients of this process, without ports

    /// Options whose transport leads to this broker, with its token or first user. Add to them what
    /// the test needs.
    [[nodiscard]] conats::connect_options connect_options() const;
    /// The transport alone, for options of the user's own. Their addresses lead here whatever they
    /// are.
    [[nodiscard]] conats::transport transport() const;
    /// One stream to this broker, for a transport that leads to several. Throws `system_error`
    /// (connection refused) while the broker does not listen.
    [[nodiscard]] std::unique_ptr<stream> connect_stream(const transport_target& target) const;

    // --- other clients

    /// Listens on 127.0.0.1 as well, on a free port unless told. Runs on the executor until the
    /// broker goes; `io_context::run()` does not return before. Returns the port; throws
    /// `system_error`.
    std::uint16_t listen(const asio::any_io_executor& executor, std::uint16_t port = 0);

    // --- what an operator does

    /// Publishes as a client without permissions would; 503 goes to nobody.
    void publish(std::string_view subject, payload_view payload, std::string_view reply = {});
    /// Tells clients that they should leave, and ends those that stay: see `broker_options`.
    void lame_duck();
    /// Ends every connection and takes no new one.
    void stop();
    /// Takes connections again after `stop` or lame duck mode.
    void start();
    /// Ends every connection; clients may come back at once.
    void disconnect_all();
    /// Replaces the other servers of the cluster and tells clients.
    void connect_urls(std::vector<std::string> urls);

    // --- faults

    /// Sees each message that is allowed, before it goes anywhere.
    void on_publish(broker_hook hook);
    /// Sees each message before it is written to a client.
    void on_deliver(broker_hook hook);
    /// Everything else: calls `f` with the core, under the lock.
    void use(const std::function<void(broker_core&)>& f);

    // --- what there is

    /// How much came and went.
    [[nodiscard]] broker_statistics statistics() const;
    /// Who listens to what, in the order in which they subscribed.
    [[nodiscard]] std::vector<broker_subscription> subscriptions() const;
    /// Who is connected, in the order in which they came.
    [[nodiscard]] std::vector<broker_client> clients() const;

private:
    class hub;
    std::shared_ptr<hub> hub_;
};

} // namespace testing
} // namespace v0
} // namespace conats
