// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace boost::asio {} // namespace boost::asio

/// A C++20 client for NATS on Boost.Asio coroutines.
namespace conats {
namespace asio = boost::asio;

inline namespace v0 {

class auth_request;
class client;
class connect_attempt;
class connect_options;
class error;
class delivery;
class event;
class event_stream;
class headers;
class headers_view;
class log_record;
class message;
class observed_operation;
class outgoing_message;
class owned_payload;
class payload_view;
class publish_options;
class reply_stream;
class request_many_options;
class request_options;
class secret;
class stream;
class subscribe_options;
class subscription;
class transport;
class transport_target;
class user_jwt;
class user_login;
class wire_operation;
class tls_context;
class tls_options;
struct server_info;
struct tls_info;
enum class log_level : std::uint8_t;

/// What the public handles hold; not part of the API.
namespace impl {
class connection;
class lease;
class subscription_state;
struct reply_gathering;
class event_queue;
class ssl_context;
struct transport_access;
struct transport_parts;
} // namespace impl

} // namespace v0
} // namespace conats
