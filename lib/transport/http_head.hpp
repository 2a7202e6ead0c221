// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// The head of an HTTP/1.x response: its status line and fields, to the empty line. Pure. Never
/// wants a byte behind it, since other than HTTP may follow.
class http_head {
public:
    static constexpr std::size_t limit = std::size_t{16} << 10U;

    /// The most bytes to read now; 0 when it is over.
    [[nodiscard]] std::size_t wanted() const noexcept;
    void feed(std::string_view bytes);

    [[nodiscard]] bool is_complete() const noexcept { return is_complete_; }
    /// What is wrong with it, in words that follow "the answer"; empty if nothing.
    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

    /// Of a complete head.
    [[nodiscard]] int status() const noexcept { return status_; }
    /// What follows the status, as it came.
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
    /// "404 Not Found", printable and cut to a line's length.
    [[nodiscard]] std::string status_words() const;
    /// The values of all fields of this name (of any case), joined by ", "; empty if none.
    [[nodiscard]] std::string field(std::string_view name) const;

private:
    void end();
    [[nodiscard]] bool read_status(std::string_view line);
    [[nodiscard]] bool read_fields(std::string_view lines) const;

    std::string text_;
    std::string fault_;
    std::string reason_;
    std::size_t fields_at_ = 0;
    int status_ = 0;
    bool is_complete_ = false;
};

/// Whether a field's comma-separated value names `token`, in any case; what follows a ';' of an
/// element is not looked at.
[[nodiscard]] bool has_token(std::string_view value, std::string_view token) noexcept;

/// Whether it may be the name of a field.
[[nodiscard]] bool is_field_name(std::string_view text) noexcept;
/// Whether it may be the value of a field: no control character but the tab.
[[nodiscard]] bool is_field_value(std::string_view text) noexcept;

} // namespace impl
} // namespace v0
} // namespace conats
