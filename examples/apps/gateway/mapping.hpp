// SPDX-License-Identifier: Apache-2.0
#pragma once

// What becomes of an HTTP request on its way to NATS, and of the reply on its way back. Pure: no
// socket, no client.

#include <conats/error.hpp>
#include <conats/headers.hpp>
#include <conats/message.hpp>

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/verb.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

namespace http = boost::beast::http;

using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

/// Why a request is answered without asking NATS.
class refusal : public std::runtime_error {
public:
    refusal(http::status status, const std::string& reason)
        : std::runtime_error(reason),
          status_(status) {}
    [[nodiscard]] http::status status() const noexcept { return status_; }

private:
    http::status status_;
};

/// `GET /orders/17?full=1` is `<prefix>.GET.orders.17`. Each segment of the path is one token, so
/// what a client writes cannot reach another subject: a segment that is empty or holds '.', '*',
/// '>', a blank or a control character, however encoded, is refused with 400. Methods other than
/// GET, POST, PUT, PATCH and DELETE are refused with 405.
[[nodiscard]] std::string subject_of(std::string_view prefix, http::verb method,
                                     std::string_view target);

/// What goes to NATS beside the body: the fields named in `allowed`, under the names written
/// there, and the query as it stands as `Http-Query`.
[[nodiscard]] conats::headers headers_of(const request& from,
                                         const std::vector<std::string>& allowed);

/// A header name that may be let through: a token of HTTP, not one of NATS's own (`Nats-…`), nor
/// of the connection (`Connection`, `Content-Length` …).
[[nodiscard]] bool may_pass(std::string_view name) noexcept;

/// 200, or the status that a service's error headers tell, with the reply's headers and payload.
[[nodiscard]] response response_to(const conats::message& reply);
/// For a request that got no reply: 503 nobody there, 504 too late, 413 too large, and so on.
[[nodiscard]] response response_to(const conats::error& e);
[[nodiscard]] response response_to(const refusal& why);

} // namespace gateway
