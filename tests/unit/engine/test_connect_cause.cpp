// SPDX-License-Identifier: Apache-2.0
#include "engine/connect_cause.hpp"
#include "support/catch.hpp"

#include <conats/error.hpp>

#include <boost/system/errc.hpp>

#include <string>
#include <utility>
#include <vector>

namespace {

using namespace conats;
using impl::connect_cause;
using impl::telling_rank;

error from(const std::string& host, errc code, const std::string& text) {
    return error(code, text).server("nats://" + host + ":4222");
}

} // namespace

TEST_CASE("B05 A18 causes rank from credentials down to a refused connection") {
    const std::vector<errc> order{errc::authorization_violation,
                                  errc::tls_required,
                                  errc::feature_not_supported,
                                  errc::maximum_connections_exceeded,
                                  errc::protocol_error,
                                  errc::disconnected,
                                  errc::timeout,
                                  errc::connection_failed,
                                  errc::host_not_found,
                                  errc::connection_refused};
    for (std::size_t i = 1; i < order.size(); ++i) {
        CAPTURE(to_string(order[i - 1]), to_string(order[i]));
        CHECK(telling_rank(order[i - 1]) > telling_rank(order[i]));
    }
}

TEST_CASE("B05 A18 P2.9 causes of one class rank alike") {
    const std::vector<std::pair<errc, errc>> pairs{
        {errc::authorization_violation, errc::authentication_timeout},
        {errc::authorization_violation, errc::authentication_expired},
        {errc::authorization_violation, errc::authentication_revoked},
        {errc::authorization_violation, errc::account_authentication_expired},
        {errc::authorization_violation, errc::provider_failed},
        {errc::tls_required, errc::tls_not_offered},
        {errc::tls_required, errc::tls_certificate_rejected},
        {errc::tls_required, errc::tls_handshake_failed},
        {errc::tls_required, errc::tls_configuration_invalid},
        {errc::feature_not_supported, errc::connect_too_large},
        {errc::maximum_connections_exceeded, errc::maximum_account_connections_exceeded},
        {errc::maximum_connections_exceeded, errc::server_error},
        {errc::maximum_connections_exceeded, errc::server_shutdown}};
    for (const auto& [a, b] : pairs) {
        CAPTURE(to_string(a), to_string(b));
        CHECK(telling_rank(a) == telling_rank(b));
    }
    const auto system = make_error_code(boost::system::errc::network_unreachable);
    CHECK(telling_rank(system) == telling_rank(errc::connection_failed));
}

TEST_CASE("A18 B05 a wrong token is reported although later servers refuse") {
    connect_cause cause;
    cause.add(from("a", errc::connection_refused, "Connection refused"));
    cause.add(from("b", errc::authorization_violation, "Authorization Violation"));
    cause.add(from("c", errc::timeout, "no INFO"));

    const auto e = cause.result();
    CHECK(e.code() == errc::authorization_violation);
    CHECK(e.text() == "Authorization Violation; 3 servers tried");
    CHECK(e.server() == "nats://b:4222");
    CHECK(e.what().find("nats://b:4222") != std::string::npos);
}

TEST_CASE("B05 of equally telling failures the first is reported") {
    connect_cause cause;
    cause.add(from("a", errc::connection_refused, ""));
    cause.add(from("b", errc::connection_refused, ""));
    CHECK(cause.result().server() == "nats://a:4222");
    CHECK(cause.result().text() == "2 servers tried");
    CHECK(cause.result().code() == condition::unreachable);
}

TEST_CASE("B05 the failure of a single server stands as it is") {
    connect_cause cause;
    const auto e = from("a", errc::timeout, "no INFO");
    cause.add(e);
    CHECK(cause.result() == e);
}

TEST_CASE("B05 no server at all") {
    CHECK(connect_cause().result().code() == errc::no_servers);
}
