// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// Bytes that must be readable (whatever they hold) behind a text that `json_reader` parses.
inline constexpr std::size_t json_padding = 64;

/// What a look for a member gave.
enum class json_get : std::uint8_t {
    found,
    absent,    ///< no such member; the output is unchanged
    wrong_type ///< it is there and is not what was asked for (also null, or out of range)
};

/// An object inside a parsed document; valid until its reader parses again or goes.
class json_object {
public:
    json_object() noexcept = default;

    json_get get(std::string_view name, std::string& out) const;
    /// Good as long as the object; for secrets, of which no copy is made.
    json_get get(std::string_view name, std::string_view& out) const noexcept;
    json_get get(std::string_view name, std::uint64_t& out) const noexcept;
    json_get get(std::string_view name, bool& out) const noexcept;
    json_get get(std::string_view name, std::vector<std::string>& out) const;
    json_get get(std::string_view name, json_object& out) const noexcept;

private:
    friend class json_reader;
    friend struct json_access;

    alignas(void*) unsigned char element_[2 * sizeof(void*)] = {}; // simdjson's view
    bool valid_ = false;
};

/// Parses JSON texts in place, strictly: the whole text is one valid document. Memory is kept
/// from one text to the next.
class json_reader {
public:
    json_reader();
    json_reader(json_reader&&) noexcept;
    json_reader& operator=(json_reader&&) noexcept;
    ~json_reader();

    /// Parses `size` bytes at `text`, behind which `json_padding` bytes are readable. Returns
    /// what is wrong in words, or nullptr if the text is a JSON object: then `root` is it.
    const char* parse(const char* text, std::size_t size);
    [[nodiscard]] const json_object& root() const noexcept { return root_; }
    /// Overwrites what it has kept of the texts of the last document, which is gone then.
    void wipe() noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
    json_object root_;
};

} // namespace impl
} // namespace v0
} // namespace conats
