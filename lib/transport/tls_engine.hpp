// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/byte_buffer.hpp"
#include "transport/openssl.hpp"
#include "transport/tls_context.hpp"

#include <conats/error.hpp>
#include <conats/tls_info.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// The client's side of a TLS connection without its I/O: ciphertext in, plain text out, and the
/// other way round. Pure but for the random numbers of OpenSSL.
///
///     read ciphertext into `input_space()`, `commit_input(n)`
///     handshake() / read() / write() until they want input
///     send `output()`, `consume_output(n)`
///
/// Holds at most 64 KiB that was not yet decrypted and, besides OpenSSL's own buffers, what `write`
/// and the answers to the peer's records have made and nobody has taken. Once these have grown,
/// nothing is allocated but the former, after `drop_input`.
class tls_engine {
public:
    enum class status : std::uint8_t {
        ready,        ///< it is done
        wants_input,  ///< more ciphertext is needed
        wants_output, ///< `output()` has to be sent first
        ended,        ///< the peer has ended its direction
        failed        ///< see `code` and `failure`; so it stays
    };

    /// Ciphertext that is ready to be sent is not added to beyond this.
    static constexpr std::size_t output_limit = std::size_t{64} << 10U;
    /// The most plain text that goes into one record.
    static constexpr std::size_t record_size = std::size_t{16} << 10U;

    /// `name` is what the server's certificate has to be for.
    tls_engine(std::shared_ptr<const ssl_context> context, std::string name);
    tls_engine(const tls_engine&) = delete;
    tls_engine& operator=(const tls_engine&) = delete;
    ~tls_engine();

    /// Until it is `ready`. A failure leaves an alert to be sent.
    status handshake();
    /// `ready` with at least one byte, of as many records as are there and fit.
    status read(std::span<char> to, std::size_t& n);
    /// Whether `read` may give something without more input.
    [[nodiscard]] bool may_read() const noexcept;
    /// Encrypts the first bytes of `from`, at most one record. `ready` with `n` of them.
    status write(std::string_view from, std::size_t& n);

    /// Room for ciphertext, never none after `wants_input`.
    [[nodiscard]] std::span<char> input_space();
    void commit_input(std::size_t n);
    /// Gives the memory for ciphertext back, if there is none in it, until `input_space`.
    void drop_input() noexcept;

    /// What to send next; empty if nothing. Stays where it is until it is consumed.
    [[nodiscard]] std::string_view output();
    void consume_output(std::size_t n) noexcept;
    [[nodiscard]] bool has_output() const noexcept { return sent_ != produced_; }
    /// How many bytes there ever were to be sent, and how many of them were.
    [[nodiscard]] std::uint64_t produced() const noexcept { return produced_; }
    [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }

    /// What has failed, as `stream` reports it.
    [[nodiscard]] const error_code& code() const noexcept { return code_; }
    /// What has failed in the handshake: `tls_certificate_rejected` or `tls_handshake_failed`.
    [[nodiscard]] error failure() const;
    /// The server wants a certificate, there is none, and it has not sent anything since: its
    /// close means that it does not do without.
    [[nodiscard]] bool lacks_certificate() const noexcept {
        return check_.certificate_asked && !has_read_;
    }

    /// Empty before the handshake is done.
    [[nodiscard]] tls_info info() const;

private:
    static BIO_METHOD* bio_method();
    static int bio_read(BIO* bio, char* to, std::size_t size, std::size_t* n);
    static int bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* n);
    static long bio_control(BIO* bio, int command, long number, void* pointer);

    [[nodiscard]] bool has_input() const noexcept { return input_begin_ != input_end_; }
    status conclude(int result);
    status fail(error_code code);
    void look_at_first_bytes(std::string_view bytes);

    std::shared_ptr<const ssl_context> context_;
    peer_check check_;
    ssl_ptr ssl_;
    std::unique_ptr<char[]> input_;
    std::size_t input_begin_ = 0;
    std::size_t input_end_ = 0;
    byte_buffer filling_; // by OpenSSL
    byte_buffer sending_; // while the other is filled
    std::size_t sending_begin_ = 0;
    std::uint64_t produced_ = 0;
    std::uint64_t sent_ = 0;
    error_code code_;
    error refused_name_;
    std::string plain_text_; // instead of a handshake
    bool has_received_ = false;
    bool has_read_ = false;
};

} // namespace impl
} // namespace v0
} // namespace conats
