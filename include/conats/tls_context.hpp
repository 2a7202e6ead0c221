// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>
#include <conats/fwd.hpp>

#include <memory>

namespace conats {
inline namespace v0 {

/// Certificates, keys and rules of TLS, loaded once and shared by any number of connections:
///
///     const conats::tls_context shared(conats::tls_options().ca_file("ca.pem"));
///     opts.tls(conats::tls_options().context(shared));
///
/// Saves the reading of files at every attempt to connect; changed files go unnoticed.
/// A copyable handle, of which any thread may use copies; handshakes may run at the same time.
class CONATS_EXPORT tls_context {
public:
    /// An empty handle, which counts as not set.
    tls_context() noexcept;
    /// Reads the files. `handshake_first` and `server_name` do not belong to it; give them with
    /// the options that it is handed to.
    /// Errors: `invalid_options`, `tls_configuration_invalid`, thrown or put into `e`, which
    /// leaves the handle empty.
    explicit tls_context(const tls_options& options);
    tls_context(const tls_options& options, error& e);
    /// For the library.
    explicit tls_context(std::shared_ptr<const impl::ssl_context> state) noexcept;
    tls_context(const tls_context&) noexcept;
    tls_context(tls_context&&) noexcept;
    tls_context& operator=(const tls_context&) noexcept;
    tls_context& operator=(tls_context&&) noexcept;
    ~tls_context();

    /// OpenSSL's `SSL_CTX*`, for what has no option here, as CRLs or a key log. Change it only
    /// before the first connection uses it. Null for an empty handle.
    [[nodiscard]] void* native_handle() const noexcept;

    /// False for an empty handle.
    [[nodiscard]] explicit operator bool() const noexcept { return state_ != nullptr; }
    /// Whether two handles share a context.
    friend bool operator==(const tls_context& a, const tls_context& b) noexcept {
        return a.state_ == b.state_;
    }

    /// For the library.
    [[nodiscard]] const std::shared_ptr<const impl::ssl_context>& state() const noexcept {
        return state_;
    }

private:
    std::shared_ptr<const impl::ssl_context> state_;
};

} // namespace v0
} // namespace conats
