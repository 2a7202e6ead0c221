// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "integration/scratch_directory.hpp"
#include "support/certificate_maker.hpp"
#include "support/nats_server.hpp"

#include <conats/conats.hpp>

#include <string>
#include <string_view>

namespace conats::test {

/// A CA and a server's certificate, as files for nats-server.
class tls_files {
public:
    tls_files() : tls_files(certificate_authority()) {}
    explicit tls_files(certificate_authority made) : ca(std::move(made)) {
        scratch.write("ca.pem", ca.pem());
        use(ca.server());
    }

    /// The server's certificate from its next start or reload on.
    void use(const certificate& own) const {
        scratch.write("server.pem", own.pem);
        scratch.write("server.key", own.key);
    }

    [[nodiscard]] std::string path(std::string_view name) const {
        return (scratch.path() / name).string();
    }

    /// nats-server's `tls` block; `more` is what else stands in it.
    [[nodiscard]] std::string config(std::string_view more = {}) const {
        std::string text = "tls {\n  cert_file: \"" + path("server.pem") + "\"\n  key_file: \"" +
                           path("server.key") + "\"\n  ca_file: \"" + path("ca.pem") + "\"\n";
        return text.append("  ").append(more).append("\n}\n");
    }

    [[nodiscard]] tls_options trusting() const {
        tls_options o;
        o.ca_file(path("ca.pem"));
        return o;
    }

    certificate_authority ca;
    scratch_directory scratch;
};

/// `tls://` in place of `nats://`.
inline std::string tls_url(std::string_view url) {
    return "tls" + std::string(url.substr(url.find(':')));
}

inline connect_options with_tls(const std::string& url, tls_options tls) {
    connect_options o(url);
    o.tls(std::move(tls));
    return o;
}

} // namespace conats::test
