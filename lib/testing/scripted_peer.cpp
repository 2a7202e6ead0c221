// SPDX-License-Identifier: Apache-2.0
#include "testing/loopback.hpp"
#include "testing/memory_stream.hpp"
#include "testing/script_runner.hpp"

#include <conats/testing/scripted_peer.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace conats {
inline namespace v0 {
namespace testing {

using impl::time_point;

/// Every connection's way through its script, under a lock.
class scripted_peer::state : public std::enable_shared_from_this<state> {
public:
    explicit state(std::vector<script> scripts) : scripts_(std::move(scripts)) {
        if (scripts_.empty()) {
            throw std::invalid_argument("a scripted peer needs a script");
        }
    }

    std::unique_ptr<impl::memory_peer> open(time_point now);
    void stop();
    [[nodiscard]] std::string result() const;
    [[nodiscard]] std::size_t connections() const;
    [[nodiscard]] std::string received(std::size_t connection) const;

    impl::loopback_listeners listeners;

private:
    class link;

    const std::vector<script> scripts_;
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<impl::script_runner>> runners_;
    std::vector<link*> links_;
    bool stopped_ = false;
};

class scripted_peer::state::link final : public impl::memory_peer {
public:
    /// Under the lock.
    link(std::shared_ptr<state> s, std::size_t index) : state_(std::move(s)), index_(index) {
        state_->links_.push_back(this);
    }
    ~link() override {
        const std::lock_guard lock(state_->mutex_);
        std::erase(state_->links_, this);
    }

    std::size_t take(char* to, std::size_t size, time_point now, time_point& until,
                     error_code& ec) override {
        const std::lock_guard lock(state_->mutex_);
        runner().advance(now);
        const std::string piece = runner().take(size);
        piece.copy(to, size);
        if (piece.empty()) {
            until = runner().next_deadline();
            ec = error_at_end();
        }
        return piece.size();
    }
    void give(const char* from, std::size_t size, time_point now, error_code& ec) override {
        const std::lock_guard lock(state_->mutex_);
        const auto before = runner().end();
        if (before == impl::script_runner::end_kind::reset) {
            ec = boost::asio::error::connection_reset;
            return;
        }
        runner().receive({from, size}, now);
        wake();
    }
    void gone() noexcept override {
        const std::lock_guard lock(state_->mutex_);
        runner().closed();
    }
    void on_ready(std::function<void()> wake) override {
        const std::lock_guard lock(state_->mutex_);
        wake_ = std::move(wake);
    }
    [[nodiscard]] std::string name() const override {
        return "memory:script/" + std::to_string(index_);
    }
    void wake() const {
        if (wake_) {
            wake_();
        }
    }

private:
    [[nodiscard]] impl::script_runner& runner() const { return *state_->runners_[index_]; }
    [[nodiscard]] error_code error_at_end() const {
        switch (runner().end()) {
        case impl::script_runner::end_kind::open: break;
        case impl::script_runner::end_kind::eof: return boost::asio::error::eof;
        case impl::script_runner::end_kind::reset: return boost::asio::error::connection_reset;
        }
        return state_->stopped_ ? error_code(boost::asio::error::eof) : error_code();
    }

    const std::shared_ptr<state> state_;
    const std::size_t index_;
    std::function<void()> wake_;
};

std::unique_ptr<impl::memory_peer> scripted_peer::state::open(time_point now) {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
        return nullptr;
    }
    const std::size_t index = runners_.size();
    runners_.push_back(
        std::make_unique<impl::script_runner>(scripts_[std::min(index, scripts_.size() - 1)]));
    runners_.back()->advance(now);
    return std::make_unique<link>(shared_from_this(), index);
}

void scripted_peer::state::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (const link* const l : links_) {
        l->wake();
    }
}

std::string scripted_peer::state::result() const {
    const std::lock_guard lock(mutex_);
    if (runners_.empty()) {
        return "nobody has connected";
    }
    for (std::size_t i = 0; i != runners_.size(); ++i) {
        if (const std::string each = runners_[i]->result(); each != "ok") {
            return "connection " + std::to_string(i) + ", " + each;
        }
    }
    return "ok";
}

std::size_t scripted_peer::state::connections() const {
    const std::lock_guard lock(mutex_);
    return runners_.size();
}

std::string scripted_peer::state::received(std::size_t connection) const {
    const std::lock_guard lock(mutex_);
    return connection < runners_.size() ? runners_[connection]->received() : std::string();
}

scripted_peer::scripted_peer(script s) : scripted_peer(std::vector<script>(1, std::move(s))) {}

scripted_peer::scripted_peer(std::vector<script> scripts)
    : state_(std::make_shared<state>(std::move(scripts))) {}

scripted_peer::~scripted_peer() {
    state_->listeners.stop();
    state_->stop();
}

constexpr const char* peer_is_gone = "the scripted peer is gone";

conats::connect_options scripted_peer::connect_options() const {
    conats::connect_options options("nats://127.0.0.1:4222");
    options.transport(transport());
    return options;
}

conats::transport scripted_peer::transport() const {
    return {[s = state_](transport_target target) -> asio::awaitable<std::unique_ptr<stream>> {
        co_return impl::connect_in_memory(target.executor(),
                                          s->open(impl::now_on(target.executor())), peer_is_gone);
    }};
}

std::unique_ptr<stream> scripted_peer::connect_stream(const transport_target& target) const {
    return impl::connect_in_memory(target.executor(), state_->open(impl::now_on(target.executor())),
                                   peer_is_gone);
}

std::uint16_t scripted_peer::listen(const asio::any_io_executor& executor, std::uint16_t port) {
    const std::weak_ptr<state> weak = state_;
    return state_->listeners.listen(executor, port, [weak](impl::asio::ip::tcp::socket socket) {
        const auto alive = weak.lock();
        const time_point now = impl::now_on(socket.get_executor());
        impl::serve_peer(std::move(socket), alive ? alive->open(now) : nullptr);
    });
}

std::string scripted_peer::result() const {
    return state_->result();
}
std::size_t scripted_peer::connections() const {
    return state_->connections();
}
std::string scripted_peer::received(std::size_t connection) const {
    return state_->received(connection);
}

} // namespace testing
} // namespace v0
} // namespace conats
