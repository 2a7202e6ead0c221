// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/server_info.hpp>

#include <cstddef>
#include <memory>

namespace conats {
inline namespace v0 {
namespace impl {

/// Reads INFO. Keeps its memory, some 15 KiB, from one INFO to the next.
class info_parser {
public:
    static constexpr std::size_t padding = 64;

    info_parser();
    info_parser(info_parser&&) noexcept;
    info_parser& operator=(info_parser&&) noexcept;
    ~info_parser();

    /// Parses `size` bytes at `json`, behind which `padding` bytes are readable. What is absent
    /// gets its default, unknown fields are ignored; a field of the wrong type or a text that is
    /// not one JSON object is `errc::protocol_error`, and `out` is unchanged then.
    [[nodiscard]] error parse(const char* json, std::size_t size, server_info& out);

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace impl
} // namespace v0
} // namespace conats
