// SPDX-License-Identifier: Apache-2.0
#include "testing/loopback.hpp"
#include "testing/memory_stream.hpp"

#include <conats/testing/broker.hpp>

#include <boost/asio/error.hpp>

#include <map>
#include <mutex>
#include <utility>

namespace conats {
inline namespace v0 {
namespace testing {

using impl::time_point;

/// The core, under a lock, and who waits for what it says.
class broker::hub : public std::enable_shared_from_this<hub> {
public:
    hub(broker_options options, broker_core::random_source random)
        : core_(std::move(options), std::move(random)) {}

    /// Null while nobody listens.
    std::unique_ptr<impl::memory_peer> open(time_point now);

    /// Calls `f(core)` under the lock and wakes who has something to read then.
    template <class F>
    auto with(F f) {
        const std::lock_guard lock(mutex_);
        const waker wake(*this);
        return f(core_);
    }
    void lame_duck();
    void start();

    impl::loopback_listeners listeners;

private:
    class link;

    /// Wakes at the end of a scope, whatever it returns.
    class waker {
    public:
        explicit waker(hub& h) noexcept : hub_(h) {}
        waker(const waker&) = delete;
        waker& operator=(const waker&) = delete;
        ~waker() { hub_.wake_changed(); }

    private:
        hub& hub_;
    };

    void wake_changed();
    void pass_time(time_point now);

    std::mutex mutex_;
    broker_core core_;
    std::map<connection_id, link*> links_;
    bool lame_duck_wanted_ = false;
};

/// A client's connection.
class broker::hub::link final : public impl::memory_peer {
public:
    link(std::shared_ptr<hub> h, connection_id id) : hub_(std::move(h)), id_(id) {
        hub_->links_.emplace(id_, this);
    }
    ~link() override {
        const std::lock_guard lock(hub_->mutex_);
        hub_->links_.erase(id_);
    }

    std::size_t take(char* to, std::size_t size, time_point now, time_point& until,
                     error_code& ec) override {
        return hub_->with([&](broker_core& core) -> std::size_t {
            hub_->pass_time(now);
            const std::string_view out = core.output(id_);
            const std::size_t n = out.copy(to, size);
            core.consume(id_, n);
            until = core.next_deadline();
            if (n == 0) {
                ec = error_at_end(core.end(id_));
            }
            return n;
        });
    }
    void give(const char* from, std::size_t size, time_point now, error_code& ec) override {
        hub_->with([&](broker_core& core) {
            hub_->pass_time(now);
            core.receive(id_, {from, size}, now);
            if (core.end(id_) == broker_end::at_once) {
                ec = boost::asio::error::connection_reset;
            }
        });
    }
    void gone() noexcept override {
        hub_->with([this](broker_core& core) { core.closed(id_); });
    }
    void on_ready(std::function<void()> wake) override {
        const std::lock_guard lock(hub_->mutex_);
        wake_ = std::move(wake);
    }
    [[nodiscard]] std::string name() const override {
        return "memory:broker/" + std::to_string(id_);
    }
    void wake() const {
        if (wake_) {
            wake_();
        }
    }

private:
    static error_code error_at_end(broker_end end) {
        switch (end) {
        case broker_end::open: break;
        case broker_end::after_output: return boost::asio::error::eof;
        case broker_end::at_once:
        case broker_end::gone: return boost::asio::error::connection_reset;
        }
        return {};
    }

    const std::shared_ptr<hub> hub_;
    const connection_id id_;
    std::function<void()> wake_;
};

std::unique_ptr<impl::memory_peer> broker::hub::open(time_point now) {
    const std::lock_guard lock(mutex_);
    const waker wake(*this);
    pass_time(now);
    const connection_id id = core_.open(now);
    return id == 0 ? nullptr : std::make_unique<link>(shared_from_this(), id);
}

void broker::hub::wake_changed() {
    for (connection_id id = core_.take_changed(); id != 0; id = core_.take_changed()) {
        if (const auto found = links_.find(id); found != links_.end()) {
            found->second->wake();
        }
    }
}

/// The broker has no clock: time comes with what its clients do, who wait until its deadlines.
void broker::hub::pass_time(time_point now) {
    if (lame_duck_wanted_) {
        lame_duck_wanted_ = false;
        core_.lame_duck(now);
    }
    if (core_.next_deadline() <= now) {
        core_.advance(now);
    }
}

void broker::hub::lame_duck() {
    const std::lock_guard lock(mutex_);
    if (links_.empty()) {
        core_.shut_down();
        return;
    }
    // The clients tell the time, and then wait for its deadlines.
    lame_duck_wanted_ = true;
    for (const auto& each : links_) {
        each.second->wake();
    }
}

void broker::hub::start() {
    const std::lock_guard lock(mutex_);
    lame_duck_wanted_ = false;
    core_.start();
}

broker::broker(broker_options options, broker_core::random_source random)
    : hub_(std::make_shared<hub>(std::move(options), std::move(random))) {}

broker::~broker() {
    hub_->listeners.stop();
    stop();
}

conats::connect_options broker::connect_options() const {
    const broker_options told = hub_->with([](broker_core& core) { return core.options(); });
    conats::connect_options options("nats://" + told.host() + ":" + std::to_string(told.port()));
    options.transport(transport());
    if (!told.token().empty()) {
        options.token(secret(told.token()));
    } else if (!told.users().empty()) {
        options.user(secret(told.users().front().name));
        options.password(secret(told.users().front().password));
    }
    return options;
}

constexpr const char* not_listening = "the broker does not listen";

conats::transport broker::transport() const {
    return {[h = hub_](transport_target target) -> asio::awaitable<std::unique_ptr<stream>> {
        co_return impl::connect_in_memory(target.executor(),
                                          h->open(impl::now_on(target.executor())), not_listening);
    }};
}

std::unique_ptr<stream> broker::connect_stream(const transport_target& target) const {
    return impl::connect_in_memory(target.executor(), hub_->open(impl::now_on(target.executor())),
                                   not_listening);
}

std::uint16_t broker::listen(const asio::any_io_executor& executor, std::uint16_t port) {
    const std::weak_ptr<hub> weak = hub_;
    return hub_->listeners.listen(executor, port, [weak](impl::asio::ip::tcp::socket socket) {
        const auto alive = weak.lock();
        const time_point now = impl::now_on(socket.get_executor());
        impl::serve_peer(std::move(socket), alive ? alive->open(now) : nullptr);
    });
}

void broker::publish(std::string_view subject, payload_view payload, std::string_view reply) {
    hub_->with([&](broker_core& core) { core.publish(subject, reply, payload.text()); });
}

void broker::lame_duck() {
    hub_->lame_duck();
}
void broker::stop() {
    hub_->with([](broker_core& core) { core.shut_down(); });
}
void broker::start() {
    hub_->start();
}
void broker::disconnect_all() {
    hub_->with([](broker_core& core) {
        for (const connection_id id : core.connections()) {
            core.close(id);
        }
    });
}
void broker::connect_urls(std::vector<std::string> urls) {
    hub_->with([&urls](broker_core& core) { core.connect_urls(std::move(urls)); });
}
void broker::on_publish(broker_hook hook) {
    hub_->with([&hook](broker_core& core) { core.on_publish(std::move(hook)); });
}
void broker::on_deliver(broker_hook hook) {
    hub_->with([&hook](broker_core& core) { core.on_deliver(std::move(hook)); });
}
void broker::use(const std::function<void(broker_core&)>& f) {
    hub_->with(f);
}

broker_statistics broker::statistics() const {
    return hub_->with([](broker_core& core) { return core.statistics(); });
}
std::vector<broker_subscription> broker::subscriptions() const {
    return hub_->with([](broker_core& core) { return core.subscriptions(); });
}
std::vector<broker_client> broker::clients() const {
    return hub_->with([](broker_core& core) { return core.clients(); });
}

} // namespace testing
} // namespace v0
} // namespace conats
