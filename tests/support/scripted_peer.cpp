// SPDX-License-Identifier: Apache-2.0

#include "support/scripted_peer.hpp"

#include "support/allocation_hook.hpp"
#include "support/sockets.hpp"

#include <boost/json/parse.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace conats::test {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

/// Ends a script because the peer is being destroyed; no failure.
class peer_stopped {};

std::string in_quotes(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;)
        words.push_back(word);
    return words;
}

} // namespace

/// What the peer's threads share.
class scripted_peer::impl {
public:
    impl(peer_options options, std::vector<peer_script> scripts)
        : options_(std::move(options)),
          scripts_(std::move(scripts)),
          listener_(listen_tcp(options_.host_, 0, options_.receive_buffer_)),
          port_(local_port(listener_)),
          acceptor_([this] { accept(); }) {}

    impl(const impl&) = delete;
    impl& operator=(const impl&) = delete;

    ~impl() {
        stop_.set();
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
        acceptor_.join();
        for (std::thread& each : sessions_)
            each.join();
    }

    void accept();
    void run_script(std::size_t index, unique_fd socket);
    void script_ended(const std::string& failure);
    void record(std::size_t index, std::string_view bytes);
    void wait_for_test();
    void idle(bool on);
    [[nodiscard]] bool failed() const { return !failure_.empty(); }

    peer_options options_;
    const std::vector<peer_script> scripts_;
    const unique_fd listener_;
    const std::uint16_t port_;
    const stop_event stop_;

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    bool stopping_ = false;
    std::size_t active_ = 0;  ///< scripts that run
    std::size_t waiting_ = 0; ///< those of them that wait for the test or only serve
    std::size_t tokens_ = 0;  ///< calls of proceed() not yet used
    std::string failure_;
    std::vector<std::string> received_;

    std::vector<std::thread> sessions_; ///< only the acceptor adds
    std::thread acceptor_;
};

/// A session's socket and what was read from it but not yet used.
class peer_session::impl {
public:
    impl(scripted_peer::impl& peer, std::size_t index, unique_fd socket)
        : peer_(peer),
          index_(index),
          socket_(std::move(socket)),
          info_(peer.options_.info_) {}

    [[noreturn]] void fail(const std::string& why) const {
        throw std::runtime_error("connection " + std::to_string(index_) + ": " + why);
    }

    void wait(short events, const deadline& end, std::string_view wanted) {
        if (!socket_)
            fail("wanted " + std::string(wanted) + " after the script closed the connection");
        switch (wait_for(socket_, events, peer_.stop_, end.milliseconds_left())) {
        case poll_result::ready: return;
        case poll_result::stopped: throw peer_stopped();
        case poll_result::timeout:
            fail("wanted " + std::string(wanted) +
                 ", nothing happened; unread: " + in_quotes(unread_));
        }
    }

    /// Adds what has come to `unread_`; false at the end of the stream.
    bool receive(const deadline& end, std::string_view wanted) {
        wait(POLLIN, end, wanted);
        char buffer[65536];
        const auto size = ::recv(socket_.get(), buffer, sizeof buffer, 0);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (size <= 0)
            return false;
        const std::string_view bytes(buffer, static_cast<std::size_t>(size));
        peer_.record(index_, bytes);
        unread_.append(bytes);
        return true;
    }

    void receive_more(const deadline& end, std::string_view wanted) {
        if (!receive(end, wanted))
            fail("wanted " + std::string(wanted) +
                 ", the client closed; unread: " + in_quotes(unread_));
    }

    std::string take(std::size_t size, std::size_t skipped = 0) {
        std::string result = unread_.substr(0, size);
        unread_.erase(0, size + skipped);
        return result;
    }

    std::string line(std::string_view wanted) {
        const deadline end = step();
        std::size_t at = 0;
        while ((at = unread_.find("\r\n")) == std::string::npos)
            receive_more(end, wanted);
        return take(at, 2);
    }

    void send(std::string_view bytes) {
        const deadline end = step();
        while (!bytes.empty()) {
            wait(POLLOUT, end, "to send " + std::to_string(bytes.size()) + " bytes");
            const auto size = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (size < 0 && errno != EAGAIN && errno != EINTR)
                fail("cannot send, the client has gone");
            bytes.remove_prefix(size < 0 ? 0 : static_cast<std::size_t>(size));
        }
    }

    /// Not before the client has read all that came before; waits for at most a moment, since the
    /// client may be told not to read.
    void send_apart(std::string_view bytes) {
        wait_until_read();
        send(bytes);
    }

    void wait_until_read() {
        if (wait_until_consumed(socket_, peer_.stop_, 200ms) == poll_result::stopped)
            throw peer_stopped();
    }

    /// Reads and drops until the client closes; false when that takes longer than `end`.
    bool drain(const deadline& end) {
        while (!end.passed())
            if (wait_for(socket_, POLLIN, peer_.stop_, end.milliseconds_left()) ==
                poll_result::stopped)
                throw peer_stopped();
            else if (!end.passed() && !receive(end, "the client to close"))
                return true;
        return false;
    }

    void serve() {
        const deadline never(24h);
        do {
            std::size_t at = 0;
            while ((at = unread_.find("\r\n")) != std::string::npos)
                if (take(at, 2) == "PING")
                    send("PONG\r\n");
        } while (receive(never, "anything"));
    }

    void close() {
        if (!socket_)
            return;
        end_sending(socket_);
        (void)drain(deadline(1s));
        socket_.close();
    }

    [[nodiscard]] deadline step() const { return deadline(peer_.options_.step_); }

    scripted_peer::impl& peer_;
    const std::size_t index_;
    unique_fd socket_;
    std::string unread_;
    info_builder info_;
};

void scripted_peer::impl::accept() {
    ignore_this_thread();
    while (unique_fd socket = accept_tcp(listener_, stop_)) {
        const std::lock_guard lock(mutex_);
        const std::size_t index = received_.size();
        received_.emplace_back();
        ++active_;
        changed_.notify_all();
        sessions_.emplace_back([this, index, taken = std::move(socket)]() mutable {
            ignore_this_thread();
            run_script(index, std::move(taken));
        });
    }
}

void scripted_peer::impl::run_script(std::size_t index, unique_fd socket) {
    std::string failure;
    try {
        peer_session::impl state(*this, index, std::move(socket));
        peer_session session(state);
        scripts_.at(std::min(index, scripts_.size() - 1))(session);
        state.close();
    } catch (const peer_stopped&) {
        failure.clear();
    } catch (const std::exception& error) {
        failure = error.what();
    }
    script_ended(failure);
}

void scripted_peer::impl::script_ended(const std::string& failure) {
    const std::lock_guard lock(mutex_);
    --active_;
    if (failure_.empty())
        failure_ = failure;
    changed_.notify_all();
}

void scripted_peer::impl::record(std::size_t index, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    received_[index].append(bytes);
}

void scripted_peer::impl::wait_for_test() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return stopping_ || tokens_ > 0; });
    --waiting_;
    if (stopping_)
        throw peer_stopped();
    --tokens_;
}

void scripted_peer::impl::idle(bool on) {
    const std::lock_guard lock(mutex_);
    waiting_ = on ? waiting_ + 1 : waiting_ - 1;
    changed_.notify_all();
}

peer_session::peer_session(impl& session) : impl_(session) {}

void peer_session::send(std::string_view bytes) {
    impl_.send(bytes);
}

void peer_session::send_split(std::string_view bytes, std::size_t at) {
    impl_.send_apart(bytes.substr(0, at));
    impl_.send_apart(bytes.substr(std::min(at, bytes.size())));
    impl_.wait_until_read();
}

void peer_session::send_bytewise(std::string_view bytes) {
    send_in_pieces(bytes, 1);
}

void peer_session::send_in_pieces(std::string_view bytes, std::size_t size) {
    for (std::size_t at = 0; at < bytes.size(); at += size)
        impl_.send_apart(bytes.substr(at, size));
    impl_.wait_until_read();
}

void peer_session::send_info() {
    send_info(impl_.info_);
}

void peer_session::send_info(const info_builder& info) {
    impl_.send(info.line());
}

void peer_session::send_message(std::string_view subject, std::string_view sid,
                                std::string_view payload, std::string_view reply) {
    std::ostringstream text;
    text << "MSG " << subject << ' ' << sid << ' ';
    if (!reply.empty())
        text << reply << ' ';
    text << payload.size() << "\r\n" << payload << "\r\n";
    impl_.send(text.str());
}

std::string peer_session::line() {
    return impl_.line("a line");
}

std::string peer_session::read(std::size_t size) {
    const deadline end = impl_.step();
    while (impl_.unread_.size() < size)
        impl_.receive_more(end, std::to_string(size) + " bytes");
    return impl_.take(size);
}

std::string peer_session::expect(std::string_view prefix) {
    return expect([&](std::string_view line) { return line.starts_with(prefix); },
                  in_quotes(prefix));
}

std::string peer_session::expect(const std::function<bool(std::string_view)>& accepts,
                                 std::string_view what) {
    std::string line = impl_.line(what);
    if (!accepts(line))
        impl_.fail("expected " + std::string(what) + ", got " + in_quotes(line));
    return line;
}

json::object peer_session::expect_connect() {
    return json::parse(expect("CONNECT ").substr(8)).as_object();
}

peer_publish peer_session::expect_publish() {
    const auto is_publish = [](std::string_view line) {
        return line.starts_with("PUB ") || line.starts_with("HPUB ");
    };
    const auto words = words_of(expect(is_publish, "PUB or HPUB"));
    const bool with_headers = words[0] == "HPUB";
    const std::size_t numbers = with_headers ? 2 : 1;
    if (words.size() < 2 + numbers)
        impl_.fail("words are missing in " + words[0]);
    peer_publish result;
    result.subject = words[1];
    if (words.size() > 2 + numbers)
        result.reply = words[2];
    const std::size_t total = std::stoul(words.back());
    const std::size_t head = with_headers ? std::stoul(words[words.size() - 2]) : 0;
    result.headers = read(head);
    result.payload = read(total - head);
    if (read(2) != "\r\n")
        impl_.fail("a payload does not end with CRLF");
    return result;
}

std::vector<std::string> peer_session::expect_subscribe() {
    auto words = words_of(expect("SUB "));
    words.erase(words.begin());
    return words;
}

json::object peer_session::handshake() {
    send_info();
    json::object connect = expect_connect();
    expect("PING");
    send("PONG\r\n");
    return connect;
}

void peer_session::stall(duration span) {
    const deadline end(span);
    while (!end.passed()) {
        std::unique_lock lock(impl_.peer_.mutex_);
        impl_.peer_.changed_.wait_until(lock, end.time(), [&] { return impl_.peer_.stopping_; });
        if (impl_.peer_.stopping_)
            throw peer_stopped();
    }
}

void peer_session::stop_reading() {
    impl_.peer_.wait_for_test();
}

void peer_session::wait_for_test() {
    impl_.peer_.wait_for_test();
}

void peer_session::wait_closed() {
    if (!impl_.drain(impl_.step()))
        impl_.fail("wanted the client to close, it did not");
}

void peer_session::serve() {
    impl_.peer_.idle(true);
    try {
        impl_.serve();
    } catch (...) {
        impl_.peer_.idle(false);
        throw;
    }
    impl_.peer_.idle(false);
}

void peer_session::close() {
    impl_.close();
}

void peer_session::reset() {
    close_with_reset(impl_.socket_);
    impl_.socket_.close();
}

void peer_session::fail(const std::string& why) const {
    impl_.fail(why);
}

std::size_t peer_session::index() const {
    return impl_.index_;
}

info_builder& peer_session::info() {
    return impl_.info_;
}

peer_options& peer_options::receive_buffer(int bytes) {
    receive_buffer_ = bytes;
    return *this;
}

peer_options& peer_options::step_deadline(duration span) {
    step_ = span;
    return *this;
}

peer_options& peer_options::host(std::string address) {
    host_ = std::move(address);
    return *this;
}

peer_options& peer_options::info(info_builder value) {
    info_ = std::move(value);
    return *this;
}

scripted_peer::scripted_peer(const peer_script& script) : scripted_peer(peer_options(), script) {}

scripted_peer::scripted_peer(std::vector<peer_script> scripts)
    : scripted_peer(peer_options(), std::move(scripts)) {}

scripted_peer::scripted_peer(peer_options options, const peer_script& script)
    : scripted_peer(std::move(options), std::vector<peer_script>(1, script)) {}

scripted_peer::scripted_peer(peer_options options, std::vector<peer_script> scripts)
    : impl_(std::make_unique<impl>(std::move(options), std::move(scripts))) {}

scripted_peer::~scripted_peer() = default;

std::uint16_t scripted_peer::port() const {
    return impl_->port_;
}

std::string scripted_peer::host() const {
    return impl_->options_.host_;
}

std::string scripted_peer::url() const {
    return url({});
}

std::string scripted_peer::url(std::string_view userinfo) const {
    return nats_url(userinfo, host(), port());
}

std::string scripted_peer::result(std::size_t least_connections) const {
    std::unique_lock lock(impl_->mutex_);
    const auto connected = [&] { return impl_->received_.size() >= least_connections; };
    const auto quiet = [&] { return impl_->active_ == impl_->waiting_ || impl_->failed(); };
    const auto wait = [&](duration within, auto until) {
        return impl_->changed_.wait_until(lock, deadline(within).time(), until);
    };
    if (!wait(impl_->options_.step_, connected))
        return "connections: " + std::to_string(impl_->received_.size()) + ", wanted " +
               std::to_string(least_connections);
    const bool ended = wait(30s, quiet);
    if (impl_->failed())
        return impl_->failure_;
    return ended ? "ok" : "a script does not end";
}

std::size_t scripted_peer::connections() const {
    const std::lock_guard lock(impl_->mutex_);
    return impl_->received_.size();
}

std::string scripted_peer::received() const {
    const std::lock_guard lock(impl_->mutex_);
    std::string all;
    for (const std::string& each : impl_->received_)
        all += each;
    return all;
}

std::string scripted_peer::received(std::size_t connection) const {
    const std::lock_guard lock(impl_->mutex_);
    return connection < impl_->received_.size() ? impl_->received_[connection] : std::string();
}

void scripted_peer::proceed() {
    const std::lock_guard lock(impl_->mutex_);
    ++impl_->tokens_;
    impl_->changed_.notify_all();
}

} // namespace conats::test
