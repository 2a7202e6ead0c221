// SPDX-License-Identifier: Apache-2.0
#include "engine/connect_cause.hpp"

#include <initializer_list>
#include <string>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

bool is_one_of(const error_code& code, std::initializer_list<errc> codes) {
    for (const auto c : codes) {
        if (code == c) {
            return true;
        }
    }
    return false;
}

} // namespace

// From what only the user can mend to what may pass by itself.
int telling_rank(const error_code& code) noexcept {
    if (code == errc::provider_failed || code == condition::auth) {
        return 90;
    }
    if (code == condition::tls) {
        return 80;
    }
    if (is_one_of(code, {errc::connect_too_large, errc::feature_not_supported,
                         errc::invalid_options, errc::transport_unavailable})) {
        return 70;
    }
    if (code == condition::limit || code == condition::permission ||
        is_one_of(code, {errc::server_error, errc::server_shutdown})) {
        return 60; // the server's own words
    }
    if (code == condition::protocol) {
        return 50;
    }
    if (code == errc::proxy_failed) {
        return 45;
    }
    if (code == errc::disconnected) {
        return 40;
    }
    if (code == condition::timeout) {
        return 30;
    }
    if (code == errc::host_not_found) {
        return 20;
    }
    if (code == errc::connection_refused) {
        return 10;
    }
    return 25; // of the system, as network unreachable
}

void connect_cause::add(error e) {
    if (tried_ == 0 || telling_rank(e.code()) > telling_rank(best_.code())) {
        best_ = std::move(e);
    }
    ++tried_;
}

error connect_cause::result() const {
    if (tried_ == 0) {
        return {errc::no_servers, "no server to try"};
    }
    if (tried_ == 1) {
        return best_;
    }
    error e = best_;
    const auto count = std::to_string(tried_) + " servers tried";
    e.text(best_.text().empty() ? count : best_.text() + "; " + count);
    return e;
}

} // namespace impl
} // namespace v0
} // namespace conats
