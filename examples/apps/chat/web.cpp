// SPDX-License-Identifier: Apache-2.0
#include "web.hpp"

#include "page.hpp"
#include "rate_limit.hpp"

#include <conats/error.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <deque>
#include <string>
#include <string_view>
#include <utility>

namespace chat {

namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
namespace websocket = beast::websocket;
using asio::redirect_error;
using asio::use_awaitable;
using asio::ip::tcp;
using conats::error_code;
using namespace std::chrono_literals;

namespace {

using page_request = http::request<http::empty_body>;
using page_response = http::response<http::string_body>;

constexpr const char* policy = "default-src 'none'; script-src 'self'; style-src 'self'; "
                               "connect-src 'self'; img-src data:; base-uri 'none'; "
                               "form-action 'none'; frame-ancestors 'none'";

page_response response_of(http::status status, std::string_view type, std::string_view body) {
    page_response r(status, 11);
    r.set(http::field::content_type, {type.data(), type.size()});
    r.set("Content-Security-Policy", policy);
    r.set("X-Content-Type-Options", "nosniff");
    r.set("Referrer-Policy", "no-referrer");
    r.set(http::field::cache_control, "no-cache");
    r.body() = body;
    r.keep_alive(false);
    r.prepare_payload();
    return r;
}

page_response page_for(const page_request& request) {
    constexpr std::string_view text = "text/plain; charset=utf-8";
    if (request.method() != http::verb::get) {
        auto r = response_of(http::status::method_not_allowed, text, "only GET\n");
        r.set(http::field::allow, "GET");
        return r;
    }
    if (request.target() == "/")
        return response_of(http::status::ok, "text/html; charset=utf-8", page_html());
    if (request.target() == "/chat.css")
        return response_of(http::status::ok, "text/css; charset=utf-8", page_css());
    if (request.target() == "/chat.js")
        return response_of(http::status::ok, "text/javascript; charset=utf-8", page_js());
    return response_of(http::status::not_found, text, "there is no such page\n");
}

/// Whether a page of this server asks; other pages could speak in their visitors' names.
bool is_own_page(const page_request& request) {
    const auto origin = request[http::field::origin];
    if (origin.empty())
        return true; // no browser
    const auto scheme = origin.find("://");
    return scheme != origin.npos && origin.substr(scheme + 3) == request[http::field::host];
}

std::string error_frame(std::string_view why) {
    json::object o;
    o["type"] = "error";
    o["text"] = json::string_view(why.data(), why.size());
    return json::serialize(o);
}

} // namespace

/// One connection: asks for a file of the page, or becomes a member of the chat.
class web_server::connection final : public member,
                                     public std::enable_shared_from_this<connection> {
public:
    connection(web_server& server, tcp::socket socket)
        : server_(server),
          ws_(std::move(socket)),
          wake_(ws_.get_executor(), asio::steady_timer::time_point::max()) {
        server_.connections_.insert(this);
    }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection() {
        server_.connections_.erase(this);
        server_.changed_.cancel();
    }

    static asio::awaitable<void> run(std::shared_ptr<connection> c);
    void send(std::shared_ptr<const std::string> frame) override;
    /// The server stops.
    void send_away();

private:
    [[nodiscard]] beast::tcp_stream& stream() { return ws_.next_layer(); }
    asio::awaitable<void> answer(const page_request& request);
    asio::awaitable<void> converse();
    asio::awaitable<void> chat(page_request upgrade);
    static asio::awaitable<void> write(std::shared_ptr<connection> c);
    asio::awaitable<void> write_frames();
    void take(std::string_view frame);
    void refuse(std::string_view why);

    web_server& server_;
    websocket::stream<beast::tcp_stream> ws_;
    asio::steady_timer wake_; // never expires; cancelled when there is something to do
    std::deque<std::shared_ptr<const std::string>> waiting_;
    rate_limit rate_;
    bool is_member_ = false; // of the WebSocket's, named or not
    bool ending_ = false;
};

asio::awaitable<void> web_server::connection::run(std::shared_ptr<connection> c) {
    if (!c->server_.stopping_)
        co_await c->converse();
}

asio::awaitable<void> web_server::connection::write(std::shared_ptr<connection> c) {
    co_await c->write_frames();
}

asio::awaitable<void> web_server::connection::converse() {
    beast::flat_buffer buffer;
    http::request_parser<http::empty_body> parser;
    parser.header_limit(8 * 1024);
    stream().expires_after(10s);
    error_code ec;
    co_await http::async_read(stream(), buffer, parser, redirect_error(use_awaitable, ec));
    if (ec)
        co_return;
    if (parser.get().target() == "/chat" && websocket::is_upgrade(parser.get()) &&
        is_own_page(parser.get()))
        co_await chat(parser.release());
    else
        co_await answer(parser.get());
}

asio::awaitable<void> web_server::connection::answer(const page_request& request) {
    const bool is_stranger = request.target() == "/chat" && !is_own_page(request);
    page_response r = page_for(request);
    if (is_stranger)
        r = response_of(http::status::forbidden, "text/plain; charset=utf-8", "not from there\n");
    error_code ec;
    co_await http::async_write(stream(), r, redirect_error(use_awaitable, ec));
    stream().socket().shutdown(tcp::socket::shutdown_both, ec);
}

asio::awaitable<void> web_server::connection::chat(page_request upgrade) {
    stream().expires_never(); // from here on the WebSocket has times of its own
    websocket::stream_base::timeout times{};
    times.handshake_timeout = 5s;
    times.idle_timeout = 60s;
    times.keep_alive_pings = true;
    ws_.set_option(times);
    ws_.read_message_max(max_frame);
    error_code ec;
    co_await ws_.async_accept(upgrade, redirect_error(use_awaitable, ec));
    if (ec)
        co_return;
    is_member_ = true;
    ending_ = server_.stopping_;
    asio::co_spawn(ws_.get_executor(), write(shared_from_this()), asio::detached);
    beast::flat_buffer frame;
    while (!ec) {
        co_await ws_.async_read(frame, redirect_error(use_awaitable, ec));
        const auto bytes = frame.cdata();
        if (!ec && !ending_)
            take({static_cast<const char*>(bytes.data()), bytes.size()});
        frame.clear();
    }
    server_.hub_.leave(*this);
    ending_ = true;
    wake_.cancel();
}

asio::awaitable<void> web_server::connection::write_frames() {
    error_code ec;
    while (!ec && !(waiting_.empty() && ending_)) {
        if (waiting_.empty()) {
            error_code woken;
            co_await wake_.async_wait(redirect_error(use_awaitable, woken));
            continue;
        }
        const auto frame = std::move(waiting_.front());
        waiting_.pop_front();
        ws_.text(true);
        co_await ws_.async_write(asio::buffer(*frame), redirect_error(use_awaitable, ec));
    }
    if (ws_.is_open() && !ec)
        co_await ws_.async_close(websocket::close_code::going_away,
                                 redirect_error(use_awaitable, ec));
    stream().close(); // the reader ends, too
}

void web_server::connection::send(std::shared_ptr<const std::string> frame) {
    if (ending_)
        return;
    if (waiting_.size() >= max_waiting) { // it does not read: nothing can be said to it any more
        ending_ = true;
        waiting_.clear();
        stream().close();
    } else {
        waiting_.push_back(std::move(frame));
    }
    wake_.cancel();
}

void web_server::connection::send_away() {
    if (is_member_) {
        ending_ = true;
        wake_.cancel();
    } else {
        stream().cancel();
    }
}

void web_server::connection::refuse(std::string_view why) {
    send(std::make_shared<const std::string>(error_frame(why)));
}

/// `{"type": "enter", "name": …}` or `{"type": "say", "text": …}`.
void web_server::connection::take(std::string_view frame) {
    error_code ec;
    const json::value value = json::parse({frame.data(), frame.size()}, ec);
    if (ec || !value.is_object())
        return refuse("that is no JSON object");
    const auto field = [&](json::string_view name) {
        const json::value* const v = value.get_object().if_contains(name);
        return v != nullptr && v->is_string()
                   ? std::string(v->get_string().c_str(), v->get_string().size())
                   : std::string();
    };
    const std::string type = field("type");
    if (!rate_.admit(rate_limit::clock::now()))
        return refuse("that was too fast, wait a little");
    if (type == "enter") {
        const std::string name = field("name");
        if (!is_name(name))
            return refuse("a name has 1 to 72 bytes and no blank at its ends");
        server_.hub_.enter(*this, name);
    } else if (type == "say") {
        const std::string text = field("text");
        if (!is_text(text))
            return refuse("a message has 1 to 2000 bytes");
        if (!server_.hub_.say(*this, text))
            refuse("it could not be sent");
    } else {
        refuse("a frame's type is enter or say");
    }
}

web_server::web_server(hub& h, tcp::acceptor acceptor)
    : hub_(h),
      acceptor_(std::move(acceptor)),
      changed_(acceptor_.get_executor(), asio::steady_timer::time_point::max()) {}

web_server::~web_server() = default;

asio::awaitable<void> web_server::serve() {
    const auto executor = acceptor_.get_executor();
    while (!stopping_) {
        if (connections_.size() >= max_connections) {
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
        auto conversation = connection::run(std::make_shared<connection>(*this, std::move(socket)));
        asio::co_spawn(executor, std::move(conversation), asio::detached);
    }
    while (!connections_.empty())
        co_await some_connection_ends();
}

void web_server::stop() {
    stopping_ = true;
    acceptor_.close();
    changed_.cancel();
    for (connection* const c : connections_)
        c->send_away();
}

asio::awaitable<void> web_server::some_connection_ends() {
    error_code ec;
    co_await changed_.async_wait(redirect_error(use_awaitable, ec));
}

} // namespace chat
