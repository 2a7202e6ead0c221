// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "integration/outcome.hpp"
#include "support/base64.hpp"

#include <conats/conats.hpp>
#include <conats/observability.hpp>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace conats::test {

/// As in the userinfo of a URL.
inline std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string out;
    for (const char c : text) {
        if (plain.find(c) != std::string_view::npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        ((out += '%') += digits[byte >> 4U]) += digits[byte & 15U];
    }
    return out;
}

/// A secret in all the forms in which it may be told: as it is, as in a URL, as in JSON, and as in
/// the base64 of something that it is a part of.
inline std::vector<std::string> forms_of(const std::string& hidden) {
    std::vector<std::string> all{hidden, percent_encoded(hidden),
                                 boost::json::serialize(boost::json::string(hidden))};
    // Without what depends on the bytes around it: three bytes are four digits of their own.
    for (std::size_t skipped = 0; skipped != 3 && skipped < hidden.size(); ++skipped) {
        const auto bytes = std::string_view(hidden).substr(skipped);
        std::string digits = impl::base64url_encode(bytes.substr(0, bytes.size() / 3 * 3));
        all.push_back(digits);
        std::replace(digits.begin(), digits.end(), '-', '+');
        std::replace(digits.begin(), digits.end(), '_', '/');
        all.push_back(digits);
    }
    return all;
}

/// Finds secrets in text, whole or in part.
class secret_finder {
public:
    /// Parts of this size do to guess the rest.
    static constexpr std::size_t part = 8;

    explicit secret_finder(const std::vector<std::string>& hidden) {
        for (const std::string& one : hidden)
            for (const std::string& form : forms_of(one))
                for (std::size_t i = 0; i + part <= form.size(); ++i)
                    parts_.insert(number(form.data() + i));
    }

    /// The first part of a secret in `text`, with what stands around it; empty if there is none.
    [[nodiscard]] std::string find_in(const std::string& text) const {
        for (std::size_t i = 0; i + part <= text.size(); ++i)
            if (parts_.contains(number(text.data() + i)))
                return text.substr(i - std::min<std::size_t>(i, 80), 160);
        return "";
    }

private:
    static std::uint64_t number(const char* from) {
        std::uint64_t n = 0;
        static_assert(sizeof n == part);
        std::memcpy(&n, from, part);
        return n;
    }

    std::unordered_set<std::uint64_t> parts_;
};

/// Whatever is told, by whom ever, in text; the same only once.
class sieve {
public:
    template <class T>
    void take(const T& what) {
        std::ostringstream text;
        text << what << "\n";
        const std::lock_guard lock(mutex_);
        told_.insert(text.str());
    }
    void take(const conats::error& e) { take(all_of(e)); }
    void take(const sieve& other) {
        const auto text = other.text();
        const std::lock_guard lock(mutex_);
        told_.insert(text);
    }

    void take(const conats::event& e) {
        take<conats::event>(e);
        take(e.what());
    }

    /// All that a client can be asked for.
    void take(const conats::client& nc) {
        take(nc.status());
        take(nc.close_reason());
        take(nc.connected_url() + " " + nc.local_address() + " " + nc.remote_address());
        take(nc.new_inbox());
        take(nc.last_attempt());
        take(nc.last_attempt().what());
        for (const conats::server_state& s : nc.servers()) {
            take(s.url());
            take(s.last_error());
        }
        take(nc.server_info());
        take(nc.tls_info());
        take(nc.statistics());
        const auto latency = nc.latency();
        take(latency.requests);
        take(latency.flushes);
    }

    [[nodiscard]] std::string text() const {
        const std::lock_guard lock(mutex_);
        std::string all;
        for (const std::string& one : told_)
            all += one;
        return all;
    }

    /// Everything that a client with these options tells goes here.
    void listen_to(conats::connect_options& o) {
        take(o);
        o.record_latency(true);
        o.log(conats::log_level::debug, [this](const conats::log_record& r) {
            take(r);
            take(r.text());
            take(r.what());
        });
        o.on_attempt([this](const conats::connect_attempt& a) {
            take(a);
            take(a.what());
        });
        o.wire_trace([this](const conats::wire_operation& w) {
            take(w);
            take(w.line());
            take(w.headers());
            take(w.payload());
        });
    }

private:
    void take(const conats::server_info& i) {
        std::ostringstream out;
        out << i.server_id << " " << i.server_name << " " << i.version << " " << i.go << " "
            << i.git_commit << " " << i.host << ":" << i.port << " " << i.client_id << " "
            << i.client_ip << " " << i.cluster << " " << i.domain << " " << i.nonce << " " << i.xkey
            << " " << i.remote_account;
        for (const auto& urls : {i.connect_urls, i.ws_connect_urls})
            for (const std::string& url : urls)
                out << " " << url;
        take(out.str());
    }

    void take(const conats::tls_info& i) {
        const conats::tls_certificate& c = i.peer;
        take(i.version + " " + i.cipher + " " + i.alpn + " " + i.server_name);
        take(c.subject + " " + c.issuer + " " + c.serial + " " + c.not_before + " " + c.not_after);
        take(c.fingerprint);
        for (const std::string& name : c.names)
            take(name);
    }

    void take(const conats::statistics& s) {
        std::ostringstream out;
        for (const auto n :
             {s.in_messages, s.in_bytes, s.out_messages, s.out_bytes, s.socket_bytes_in,
              s.socket_bytes_out, s.connects, s.reconnects, s.failed_attempts, s.dropped_messages,
              s.dropped_publications, s.compacted_messages, s.pinned_bytes, s.outbox_bytes,
              s.pending_requests, s.pings_outstanding, s.subscriptions, s.reads, s.writes})
            out << n << " ";
        take(out.str());
    }

    mutable std::mutex mutex_;
    std::set<std::string> told_;
};

} // namespace conats::test
