// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "transport/attempt_recorder.hpp"

#include <sstream>
#include <string>

using namespace conats;
using conats::impl::attempt_recorder;
using namespace std::chrono_literals;

namespace {

constexpr attempt_recorder::time_point start{1000s};

std::string text(const connect_attempt& a) {
    std::ostringstream out;
    out << a;
    return out.str();
}

} // namespace

TEST_CASE("L11 attempt: the time between marks is that of the phase begun by the first") {
    attempt_recorder r("nats://h:4222", 3, start);
    r.enter(connect_phase::dns, start + 1ms); // what goes before belongs to the first phase
    r.enter(connect_phase::tcp, start + 5ms);
    r.address("10.0.0.1:4222");
    r.address("10.0.0.2:4222");
    r.enter(connect_phase::info, start + 7ms);
    r.enter(connect_phase::tls, start + 10ms); // after INFO, as servers usually want it
    r.enter(connect_phase::auth, start + 30ms);
    const auto a = r.finish(error(), start + 31ms + 440us);
    CHECK(a.server() == "nats://h:4222");
    CHECK(a.number() == 3);
    CHECK(a.took(connect_phase::dns) == 5ms);
    CHECK(a.took(connect_phase::tcp) == 2ms);
    CHECK(a.took(connect_phase::transport) == 0ms);
    CHECK(a.took(connect_phase::info) == 3ms);
    CHECK(a.took(connect_phase::tls) == 20ms);
    CHECK(a.took(connect_phase::auth) == 1440us);
    CHECK(a.total() == 31440us);
    CHECK(a.phase() == connect_phase::auth);
    CHECK_FALSE(a.what());
    CHECK(text(a) == "connected after 31.4 ms (dns 5.0 ms, tcp 2.0 ms, tls 20.0 ms, info 3.0 ms, "
                     "auth 1.4 ms; 10.0.0.1:4222, 10.0.0.2:4222)");
}

TEST_CASE("L11 attempt: the phase reached is the one that failed, with the server's words") {
    attempt_recorder r("nats://h:4222", 1, start);
    r.enter(connect_phase::tls, start); // files are read first, and TLS comes again later
    r.enter(connect_phase::dns, start + 1ms);
    r.enter(connect_phase::tcp, start + 1ms);
    r.enter(connect_phase::tls, start + 2ms);
    r.enter(connect_phase::info, start + 4ms);
    r.enter(connect_phase::auth, start + 4ms);
    r.server_said("Something Else");
    r.server_said("Authorization Violation");
    const auto a = r.finish(
        error(errc::authorization_violation, "Authorization Violation").server("nats://h:4222"),
        start + 5ms);
    CHECK(a.phase() == connect_phase::auth);
    CHECK(a.took(connect_phase::tls) == 3ms);
    CHECK(a.server_words() == "Authorization Violation");
    CHECK(a.what().code() == errc::authorization_violation);
    CHECK(text(a) == "failed in auth after 5.0 ms (tcp 1.0 ms, tls 3.0 ms, auth 1.0 ms): "
                     "authorization_violation: Authorization Violation");
}

TEST_CASE("L11 attempt: empty, and the names of phases") {
    const connect_attempt none;
    CHECK(none.number() == 0);
    CHECK(none.total() == 0ns);
    CHECK(text(none) == "connected after 0.0 ms ()");
    std::string names;
    for (std::size_t i = 0; i != connect_attempt::phases; ++i) {
        std::ostringstream out;
        out << static_cast<connect_phase>(i) << ' ';
        names += out.str();
    }
    CHECK(names == "dns tcp transport tls info auth ");
}
