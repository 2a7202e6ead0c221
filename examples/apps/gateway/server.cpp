// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace gateway {

namespace beast = boost::beast;
using asio::redirect_error;
using asio::use_awaitable;
using asio::ip::tcp;
using conats::error_code;
using namespace std::chrono_literals;

struct server::connection {
    explicit connection(tcp::socket socket) : stream(std::move(socket)) {}

    beast::tcp_stream stream;
    beast::flat_buffer buffer;
    bool idle = true; // no request has begun
};

/// A connection is known for as long as this lives.
class server::registration {
public:
    registration(std::shared_ptr<server> s, std::shared_ptr<connection> c)
        : server_(std::move(s)),
          connection_(std::move(c)) {
        server_->connections_.insert(connection_);
    }
    registration(const registration&) = delete;
    registration& operator=(const registration&) = delete;
    ~registration() {
        server_->connections_.erase(connection_);
        server_->changed_.cancel();
    }

private:
    std::shared_ptr<server> server_;
    std::shared_ptr<connection> connection_;
};

namespace {

/// Why what was read is no request; none where the client has gone, or was too slow.
std::optional<refusal> refusal_for(error_code ec) {
    if (ec == http::error::header_limit)
        return refusal(http::status::request_header_fields_too_large, "the header is too large");
    if (ec == http::error::body_limit)
        return refusal(http::status::payload_too_large, "the body is too large");
    if (ec == http::error::end_of_stream || ec == http::error::partial_message)
        return std::nullopt;
    if (ec.category() == make_error_code(http::error::bad_method).category())
        return refusal(http::status::bad_request, "this is no HTTP request");
    return std::nullopt;
}

/// Reads a request within the limits of the parser.
asio::awaitable<void> read_request(beast::tcp_stream& stream, beast::flat_buffer& buffer,
                                   http::request_parser<http::string_body>& parser,
                                   error_code& ec) {
    co_await http::async_read_header(stream, buffer, parser, redirect_error(use_awaitable, ec));
    if (ec)
        co_return;
    if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        co_await asio::async_write(stream, asio::buffer(go_on), redirect_error(use_awaitable, ec));
        if (ec)
            co_return;
    }
    co_await http::async_read(stream, buffer, parser, redirect_error(use_awaitable, ec));
}

/// Closes so that what was written arrives: while there is something unread the system would
/// reset the connection, so that is read first, within limits.
asio::awaitable<void> end(beast::tcp_stream& stream) {
    error_code ec;
    stream.socket().shutdown(tcp::socket::shutdown_send, ec);
    stream.expires_after(1s);
    std::array<char, 4096> rest{};
    for (std::size_t total = 0; !ec && total < std::size_t{16} * 1024 * 1024;)
        total +=
            co_await stream.async_read_some(asio::buffer(rest), redirect_error(use_awaitable, ec));
    stream.close();
}

} // namespace

server::server(conats::client nc, options o, tcp::acceptor acceptor)
    : nc_(std::move(nc)),
      options_(std::move(o)),
      acceptor_(std::move(acceptor)),
      changed_(acceptor_.get_executor(), asio::steady_timer::time_point::max()) {}

asio::awaitable<void> server::serve() {
    const auto self = shared_from_this();
    const auto executor = acceptor_.get_executor();
    while (!stopping_) {
        if (connections_.size() >= options_.max_connections) {
            co_await some_connection_ends();
            continue;
        }
        error_code ec;
        tcp::socket socket = co_await acceptor_.async_accept(redirect_error(use_awaitable, ec));
        if (ec) { // stopped, or out of descriptors
            asio::steady_timer pause(executor, 50ms);
            if (!stopping_)
                co_await pause.async_wait(use_awaitable);
            continue;
        }
        auto conversation = converse(std::make_shared<connection>(std::move(socket)));
        asio::co_spawn(executor, std::move(conversation), asio::detached);
    }
    while (!connections_.empty())
        co_await some_connection_ends();
}

void server::stop() {
    stopping_ = true;
    acceptor_.close();
    changed_.cancel();
    for (const auto& c : connections_)
        if (may_end(*c))
            c->stream.cancel();
}

/// Whether it waits for a request that has not begun to arrive.
bool server::may_end(const connection& c) const {
    error_code ec;
    return stopping_ && c.idle && c.stream.socket().available(ec) == 0;
}

asio::awaitable<void> server::some_connection_ends() {
    error_code ec;
    co_await changed_.async_wait(redirect_error(use_awaitable, ec));
}

asio::awaitable<void> server::converse(std::shared_ptr<connection> c) {
    const registration known(shared_from_this(), c);
    bool again = true;
    while (again) {
        again = co_await wait_for_request(*c);
        if (again)
            again = co_await answer_request(*c);
    }
    co_await end(c->stream);
}

/// Whether one has begun.
asio::awaitable<bool> server::wait_for_request(connection& c) {
    if (c.buffer.size() == 0) {
        c.idle = true;
        if (may_end(c))
            co_return false;
        c.stream.expires_after(options_.idle_timeout);
        error_code ec;
        const std::size_t n = co_await c.stream.async_read_some(c.buffer.prepare(4096),
                                                                redirect_error(use_awaitable, ec));
        if (ec)
            co_return false;
        c.buffer.commit(n);
    }
    c.idle = false;
    co_return true;
}

/// Whether the connection can be used for another.
asio::awaitable<bool> server::answer_request(connection& c) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(options_.max_header));
    parser.body_limit(options_.max_body);
    c.stream.expires_after(options_.transfer_timeout);
    error_code ec;
    co_await read_request(c.stream, c.buffer, parser, ec);
    c.stream.expires_never();

    response r;
    if (!ec) {
        r = co_await ask(parser.get());
    } else {
        const auto why = refusal_for(ec);
        if (!why)
            co_return false;
        r = response_to(*why);
    }
    const bool keep = !ec && !stopping_ && parser.get().keep_alive();
    r.version(ec ? 11 : parser.get().version());
    r.keep_alive(keep);
    r.prepare_payload();
    // Nothing follows the head of such an answer: the client would take it for the next one's.
    if (!ec && parser.get().method() == http::verb::head)
        r.body().clear();
    c.stream.expires_after(options_.transfer_timeout);
    co_await http::async_write(c.stream, r, redirect_error(use_awaitable, ec));
    co_return keep && !ec;
}

asio::awaitable<response> server::ask(const request& from) {
    try {
        const std::string_view target(from.target().data(), from.target().size());
        const std::string subject = subject_of(options_.prefix, from.method(), target);
        conats::request_options how(options_.timeout);
        how.headers(headers_of(from, options_.request_headers));
        conats::error e;
        const conats::message reply = co_await nc_.request(subject, from.body(), how, e);
        if (e)
            co_return response_to(e);
        co_return response_to(reply);
    } catch (const refusal& why) {
        co_return response_to(why);
    }
}

} // namespace gateway
