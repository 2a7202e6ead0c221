// SPDX-License-Identifier: Apache-2.0

#include "support/sniffing_proxy.hpp"

#include "support/allocation_hook.hpp"
#include "support/sockets.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace conats::test {

using namespace std::chrono_literals;

namespace {

using std::chrono::steady_clock;

std::size_t index_of(flow direction) {
    return direction == flow::to_server ? 0 : 1;
}

std::size_t lines_with(const std::string& text, std::string_view prefix) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        count += text.compare(at, prefix.size(), prefix) == 0 ? 1 : 0;
        at = text.find('\n', at);
        if (at == std::string::npos)
            break;
    }
    return count;
}

/// What the test sets and sees of one direction, over all connections.
class flow_record {
public:
    void add(std::string_view bytes) {
        const std::lock_guard lock(mutex_);
        bytes_.append(bytes);
        ++chunks_;
    }
    void clear() {
        const std::lock_guard lock(mutex_);
        bytes_.clear();
        chunks_ = 0;
    }
    [[nodiscard]] std::string bytes() const {
        const std::lock_guard lock(mutex_);
        return bytes_;
    }
    [[nodiscard]] std::size_t chunks() const {
        const std::lock_guard lock(mutex_);
        return chunks_;
    }

    std::atomic<duration::rep> delay{0};
    std::atomic<std::size_t> piece{0};
    std::atomic<bool> stalled{false};

private:
    mutable std::mutex mutex_;
    std::string bytes_;
    std::size_t chunks_ = 0;
};

/// One direction of one connection: reads here, writes there, when it is time.
class pump {
public:
    pump(const unique_fd& from, const unique_fd& to, flow_record& record)
        : from_(from),
          to_(to),
          record_(record) {}

    [[nodiscard]] bool wants_to_read() const {
        return open_ && !record_.stalled && queued_ < most_queued;
    }
    [[nodiscard]] bool wants_to_write() const { return !queue_.empty() && due() == 0; }
    [[nodiscard]] bool finished() const { return !open_ && queue_.empty(); }

    /// Milliseconds until something changes by time alone; -1 for never.
    [[nodiscard]] int patience() const {
        if (open_ && record_.stalled)
            return 1; // looks at resume() again
        return queue_.empty() ? -1 : due();
    }

    void read() {
        std::array<char, 65536> buffer;
        const auto size = ::recv(from_.get(), buffer.data(), buffer.size(), 0);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (size <= 0)
            return end();
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
        record_.add(bytes);
        queued_ += bytes.size();
        queue_.emplace_back(steady_clock::now() + duration(record_.delay), bytes);
    }

    void write() {
        std::string& first = queue_.front().second;
        const std::size_t piece = record_.piece == 0 ? first.size() : record_.piece.load();
        const auto size = ::send(to_.get(), first.data() + sent_,
                                 std::min(piece, first.size() - sent_), MSG_NOSIGNAL);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (size < 0) {
            queue_.clear();
            return end();
        }
        queued_ -= static_cast<std::size_t>(size);
        sent_ += static_cast<std::size_t>(size);
        if (sent_ == first.size()) {
            queue_.pop_front();
            sent_ = 0;
        }
        if (finished())
            end_sending(to_);
    }

private:
    static constexpr std::size_t most_queued = 16U << 20;

    void end() {
        open_ = false;
        if (queue_.empty())
            end_sending(to_);
    }

    [[nodiscard]] int due() const {
        const auto left = queue_.front().first - steady_clock::now();
        const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(left).count();
        return static_cast<int>(std::clamp<long long>(rounded, 0, 60'000));
    }

    const unique_fd& from_;
    const unique_fd& to_;
    flow_record& record_;
    std::deque<std::pair<steady_clock::time_point, std::string>> queue_;
    std::size_t queued_ = 0;
    std::size_t sent_ = 0; // of the first
    bool open_ = true;
};

/// The shorter of two times to wait, where -1 is for ever.
int sooner(int a, int b) {
    if (a < 0 || b < 0)
        return std::max(a, b);
    return std::min(a, b);
}

class proxied_connection {
public:
    proxied_connection(unique_fd client, unique_fd server, std::array<flow_record, 2>& records)
        : client_(std::move(client)),
          server_(std::move(server)),
          upstream_(client_, server_, records[0]),
          downstream_(server_, client_, records[1]) {}

    /// Until both directions have ended or `stop` is set.
    void run(const stop_event& stop) {
        while (!(upstream_.finished() && downstream_.finished()))
            if (!turn(stop))
                return;
    }

    void say(std::string_view bytes) {
        (void)::send(client_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }

    void close_with_resets() {
        close_with_reset(client_);
        close_with_reset(server_);
    }

private:
    bool turn(const stop_event& stop) {
        std::array<pollfd, 3> fds = {interest(client_, upstream_, downstream_),
                                     interest(server_, downstream_, upstream_),
                                     pollfd{.fd = stop.fd(), .events = POLLIN, .revents = 0}};
        ::poll(fds.data(), fds.size(), sooner(upstream_.patience(), downstream_.patience()));
        if (fds[2].revents != 0)
            return false;
        serve(fds[0].revents, upstream_, downstream_);
        serve(fds[1].revents, downstream_, upstream_);
        return true;
    }

    static pollfd interest(const unique_fd& socket, const pump& reads, const pump& writes) {
        const int events =
            (reads.wants_to_read() ? POLLIN : 0) | (writes.wants_to_write() ? POLLOUT : 0);
        // Without interest it must not be looked at: a hang-up would wake poll for ever.
        return {.fd = events == 0 ? -1 : socket.get(),
                .events = static_cast<short>(events),
                .revents = 0};
    }

    static void serve(int events, pump& reads, pump& writes) {
        if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && reads.wants_to_read())
            reads.read();
        if ((events & (POLLOUT | POLLHUP | POLLERR)) != 0 && writes.wants_to_write())
            writes.write();
    }

    unique_fd client_;
    unique_fd server_;
    pump upstream_;
    pump downstream_;
};

} // namespace

class sniffing_proxy::impl {
public:
    impl(std::string host, std::uint16_t port)
        : server_host_(std::move(host)),
          server_port_(port),
          listener_(listen_tcp("127.0.0.1", 0)),
          acceptor_([this] { accept(); }) {}
    impl(const impl&) = delete;
    impl& operator=(const impl&) = delete;

    ~impl() {
        stop_.set();
        acceptor_.join();
        end_all(false);
    }

    void end_all(bool with_reset) {
        std::vector<std::unique_ptr<connection>> ended;
        {
            const std::lock_guard lock(mutex_);
            ended.swap(open_);
        }
        for (const auto& each : ended) {
            each->with_reset = with_reset;
            each->stop.set();
            each->thread.join();
        }
    }

    void say(std::string_view bytes) {
        const std::lock_guard lock(mutex_);
        for (const auto& each : open_) {
            const std::lock_guard own(each->mutex);
            if (each->both != nullptr)
                each->both->say(bytes);
        }
    }

    std::array<flow_record, 2> records_;
    std::atomic<std::size_t> accepted_{0};
    std::atomic<bool> refuses_{false};

    const std::string server_host_;
    const std::uint16_t server_port_;
    const unique_fd listener_;

private:
    class connection {
    public:
        stop_event stop;
        std::atomic<bool> with_reset{false};
        std::atomic<bool> ended{false};
        std::thread thread;

        void show(proxied_connection* c) {
            const std::lock_guard lock(mutex);
            both = c;
        }
        std::mutex mutex;
        proxied_connection* both = nullptr; ///< while it runs
    };

    void accept() {
        ignore_this_thread();
        while (unique_fd client = accept_tcp(listener_, stop_)) {
            ++accepted_;
            if (!refuses_)
                start(std::move(client));
        }
    }

    void start(unique_fd client) {
        auto own = std::make_unique<connection>();
        connection& shared = *own;
        const std::lock_guard lock(mutex_);
        forget_ended();
        open_.push_back(std::move(own));
        shared.thread = std::thread([this, &shared, taken = std::move(client)]() mutable {
            ignore_this_thread();
            pass(shared, std::move(taken));
            shared.ended = true;
        });
    }

    void forget_ended() {
        std::erase_if(open_, [](const std::unique_ptr<connection>& each) {
            const bool ended = each->ended;
            if (ended)
                each->thread.join();
            return ended;
        });
    }

    void pass(connection& shared, unique_fd client) {
        try {
            const deadline end(5s);
            proxied_connection both(std::move(client), connect_tcp(server_host_, server_port_, end),
                                    records_);
            shared.show(&both);
            both.run(shared.stop);
            shared.show(nullptr);
            if (shared.with_reset)
                both.close_with_resets();
        } catch (const std::system_error&) {
            // No server: the client sees its connection closed.
            return;
        }
    }

    const stop_event stop_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<connection>> open_;
    std::thread acceptor_;
};

sniffing_proxy::sniffing_proxy(std::string server_host, std::uint16_t server_port)
    : impl_(std::make_unique<impl>(std::move(server_host), server_port)) {}

sniffing_proxy::~sniffing_proxy() = default;

std::uint16_t sniffing_proxy::port() const {
    return local_port(impl_->listener_);
}

std::string sniffing_proxy::url() const {
    return url({});
}

std::string sniffing_proxy::url(std::string_view userinfo) const {
    return nats_url(userinfo, "127.0.0.1", port());
}

std::string sniffing_proxy::from_client() const {
    return impl_->records_[0].bytes();
}
std::string sniffing_proxy::from_server() const {
    return impl_->records_[1].bytes();
}

std::size_t sniffing_proxy::lines_from_client(std::string_view prefix) const {
    return lines_with(from_client(), prefix);
}

std::size_t sniffing_proxy::lines_from_server(std::string_view prefix) const {
    return lines_with(from_server(), prefix);
}

std::size_t sniffing_proxy::chunks_from_client() const {
    return impl_->records_[0].chunks();
}
std::size_t sniffing_proxy::chunks_from_server() const {
    return impl_->records_[1].chunks();
}
std::size_t sniffing_proxy::connections() const {
    return impl_->accepted_;
}

void sniffing_proxy::clear() {
    for (flow_record& each : impl_->records_)
        each.clear();
}

void sniffing_proxy::delay(flow direction, duration span) {
    impl_->records_[index_of(direction)].delay = span.count();
}

void sniffing_proxy::pieces(flow direction, std::size_t size) {
    impl_->records_[index_of(direction)].piece = size;
}

void sniffing_proxy::stall(flow direction) {
    impl_->records_[index_of(direction)].stalled = true;
}
void sniffing_proxy::resume(flow direction) {
    impl_->records_[index_of(direction)].stalled = false;
}

void sniffing_proxy::say(std::string_view bytes) {
    impl_->say(bytes);
}
void sniffing_proxy::cut() {
    impl_->end_all(false);
}
void sniffing_proxy::reset() {
    impl_->end_all(true);
}
void sniffing_proxy::refuse(bool on) {
    impl_->refuses_ = on;
}

} // namespace conats::test
