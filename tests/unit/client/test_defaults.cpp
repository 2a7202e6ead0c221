// SPDX-License-Identifier: Apache-2.0
// What options are where nobody sets them, as the headers and the documents say.
#include "support/catch.hpp"

#include <conats/conats.hpp>
#include <conats/observability.hpp>
#if defined(CONATS_WEBSOCKET)
#include <conats/websocket.hpp>
#endif

using namespace std::chrono_literals;

TEST_CASE(
    "A06, B02, B03, B14, D05 defaults: the server, its handshake, what it is told, requests") {
    const conats::connect_options o;
    CHECK(o.servers().empty()); // which is nats://127.0.0.1:4222
    CHECK_FALSE(o.retain_order());
    CHECK(o.connect_timeout() == 2s);
    CHECK_FALSE(o.resolver());
    CHECK(o.ip_order() == conats::ip_order::any);
    CHECK(o.local_address().empty());
    CHECK(o.no_delay());
    CHECK_FALSE(o.keep_alive());
    CHECK(o.send_buffer_size() == 0);
    CHECK(o.receive_buffer_size() == 0);
    CHECK_FALSE(o.socket_hook());
    CHECK(o.proxy().empty());
    CHECK_FALSE(o.transport());
    CHECK(o.name().empty());
    CHECK(o.echo());
    CHECK_FALSE(o.verbose());
    CHECK_FALSE(o.pedantic());
    CHECK(o.no_responders());
    CHECK(o.inbox_prefix() == "_INBOX");
    CHECK(o.request_timeout() == 5s);
    CHECK_FALSE(o.unique_inboxes());
    CHECK_FALSE(o.record_latency());
    CHECK_FALSE(o.validate());
}

TEST_CASE("E01, E18 defaults: no authentication, and no TLS but where a server wants it") {
    const conats::connect_options o;
    CHECK(o.token().empty());
    CHECK_FALSE(o.token_provider());
    CHECK(o.user().empty());
    CHECK(o.password().empty());
    CHECK_FALSE(o.user_provider());
    CHECK(o.nkey_seed().empty());
    CHECK(o.nkey_file().empty());
    CHECK(o.nkey().empty());
    CHECK_FALSE(o.nkey_signer());
    CHECK(o.jwt().token().empty());
    CHECK_FALSE(o.jwt_provider());
    CHECK(o.credentials_file().empty());
    CHECK(o.seed_file().empty());
    CHECK(o.credentials().empty());
    CHECK_FALSE(o.tls());
}

TEST_CASE("B17, B23, F12 defaults: how much is held, and for how long") {
    const conats::connect_options o;
    CHECK(o.high_water_mark() == 256 * 1024);
    CHECK_FALSE(o.send_now());
    CHECK(o.write_timeout() == 60s);
    CHECK_FALSE(o.allow_empty_tokens());
    CHECK(o.max_control_line() == 4096);
    CHECK(o.max_inbound_payload() == 64 * 1024 * 1024);
    CHECK(o.when_offline() == conats::offline_policy::buffer);
    CHECK(o.reconnect_buffer() == 8 * 1024 * 1024);
    CHECK(o.offline_timeout() == 30s);
    CHECK(o.drain_timeout() == 30s);
    CHECK(o.close_timeout() == 1s);
}

TEST_CASE("F02, F03, F11, F15, F16 defaults: how a lost connection is noticed and made anew") {
    const conats::connect_options o;
    CHECK(o.ping_interval() == 2min);
    CHECK(o.max_pings_outstanding() == 2);
    CHECK(o.max_reconnects() == 60);
    CHECK(o.reconnect_wait() == 2s);
    CHECK(o.reconnect_jitter() == 100ms);
    CHECK(o.reconnect_jitter_tls() == 1s);
    CHECK_FALSE(o.reconnect_delay());
    CHECK_FALSE(o.server_chooser());
    CHECK_FALSE(o.retry_on_failed_connect());
    CHECK_FALSE(o.ignore_auth_errors());
    CHECK_FALSE(o.ignore_discovered_servers());
    CHECK(o.when_lame_duck() == conats::lame_duck_policy::move);
}

TEST_CASE("L05, L06, L11 defaults: silent") {
    const conats::connect_options o;
    CHECK(o.log_threshold() == conats::log_level::off);
    CHECK_FALSE(o.log_sink());
    CHECK_FALSE(o.on_attempt());
    CHECK_FALSE(o.wire_trace());
    CHECK_FALSE(o.publish_hook());
    CHECK_FALSE(o.delivery_hook());
}

TEST_CASE("C17, C22, C23, C31 defaults of a subscription") {
    const conats::subscribe_options o;
    CHECK(o.queue_group().empty());
    CHECK(o.pending_messages() == 500'000);
    CHECK(o.pending_bytes() == 64 * 1024 * 1024);
    CHECK(o.on_overflow() == conats::overflow::drop_newest);
    CHECK(o.max_pause() == 5s);
    CHECK(o.max_messages() == 0);
    CHECK(o.lifetime() == 0s);
    CHECK(o.first_message_timeout() == 0s);
    CHECK(o.idle_timeout() == 0s);
    CHECK_FALSE(o.confirm());
    CHECK(o.max_concurrent() == 1);
    CHECK_FALSE(o.executor());
}

TEST_CASE("C01, D05, D10 defaults of publications and requests") {
    const conats::publish_options publication;
    CHECK(publication.reply().empty());
    CHECK(publication.headers().empty());
    CHECK(publication.timeout() == 0s);
    const conats::request_options request; // its timeout is the client's
    CHECK_FALSE(request.timeout());
    CHECK(request.headers().empty());
    const conats::request_many_options many;
    CHECK_FALSE(many.timeout());
    CHECK(many.stall() == 0s);
    CHECK(many.max_messages() == 0);
    CHECK_FALSE(many.sentinel());
    CHECK(many.headers().empty());
}

TEST_CASE("E22, E25, E27 defaults of TLS: verified, from 1.2 on, after INFO") {
    const conats::tls_options o;
    CHECK(o.ca_file().empty());
    CHECK(o.ca_directory().empty());
    CHECK(o.ca_pem().empty());
    CHECK(o.certificate_file().empty());
    CHECK(o.certificate_pem().empty());
    CHECK(o.key_file().empty());
    CHECK(o.key_pem().empty());
    CHECK(o.key_password().empty());
    CHECK(o.pkcs12_file().empty());
    CHECK(o.server_name().empty());
    CHECK_FALSE(o.insecure_skip_verify());
    CHECK_FALSE(o.verify());
    CHECK(o.min_version() == conats::tls_version::tls_1_2);
    CHECK(o.max_version() == conats::tls_version::tls_1_3);
    CHECK(o.ciphers().empty());
    CHECK(o.cipher_suites().empty());
    CHECK(o.curves().empty());
    CHECK(o.alpn().empty());
    CHECK_FALSE(o.handshake_first());
    CHECK_FALSE(o.context());
    CHECK_FALSE(o.context_provider());
    CHECK_FALSE(o.validate());
}

#if defined(CONATS_WEBSOCKET)
TEST_CASE("G03, G04, G06 defaults of WebSocket") {
    const conats::websocket_options o;
    CHECK(o.headers().empty());
    CHECK_FALSE(o.header_provider());
    CHECK_FALSE(o.compression());
    CHECK(o.max_frame_size() == 64 * 1024 * 1024);
    CHECK_FALSE(o.validate());
}
#endif
