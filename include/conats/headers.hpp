// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conats {
inline namespace v0 {

/// One header line as views; valid as long as what it was taken from.
struct header_field {
    std::string_view name;  ///< as it was sent, in its case
    std::string_view value; ///< without the blanks around it

    friend bool operator==(const header_field&, const header_field&) = default;
};

/// The headers of a message, read in place. A view: valid as long as the `message` or
/// `headers` it comes from is alive and unchanged. Names are case-sensitive and keep their
/// order (ADR-4).
class CONATS_EXPORT headers_view {
public:
    /// A forward iterator over `header_field`s, in the order of the lines.
    class CONATS_EXPORT iterator {
    public:
        using value_type = header_field;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::forward_iterator_tag;
        using reference = const header_field&;
        using pointer = const header_field*;

        iterator() noexcept = default;
        reference operator*() const noexcept { return field_; }
        pointer operator->() const noexcept { return &field_; }
        iterator& operator++() noexcept;
        iterator operator++(int) noexcept;
        friend bool operator==(const iterator& a, const iterator& b) noexcept {
            return a.line_ == b.line_;
        }

    private:
        friend class headers_view;
        iterator(const char* line, const char* end) noexcept;
        void read() noexcept;

        const char* line_ = nullptr; // start of the current line; end_ when done
        const char* next_ = nullptr;
        const char* end_ = nullptr;
        header_field field_;
    };

    headers_view() noexcept = default;
    /// `lines` holds `Name: Value\r\n` once per header and nothing else.
    explicit headers_view(std::string_view lines) noexcept : lines_(lines) {}

    /// The value of the first header of exactly this name.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept;
    /// As `get`, ignoring the case of ASCII letters.
    [[nodiscard]] std::optional<std::string_view> get_ignore_case(
        std::string_view name) const noexcept;
    /// All values of exactly this name, in order.
    [[nodiscard]] std::vector<std::string_view> values(std::string_view name) const;
    /// Whether there is a header of exactly this name.
    [[nodiscard]] bool contains(std::string_view name) const noexcept;

    [[nodiscard]] std::size_t size() const noexcept; ///< how many headers there are; counts them
    /// Whether there is none.
    [[nodiscard]] bool empty() const noexcept { return lines_.empty(); }
    [[nodiscard]] iterator begin() const noexcept; ///< the first
    [[nodiscard]] iterator end() const noexcept;   ///< behind the last

    /// The lines as they stand on the wire.
    [[nodiscard]] std::string_view lines() const noexcept { return lines_; }

private:
    std::string_view lines_;
};

/// Headers to send: ordered, case-preserving, several values per name (ADR-4).
///
/// A name is printable ASCII without ':'; a value holds no CR, LF or NUL. What breaks this is
/// not added: the first such fault is kept, and publishing these headers fails with
/// `errc::invalid_header` naming it.
///
/// Thread safety: as a standard container.
class CONATS_EXPORT headers {
public:
    headers() = default;
    /// A copy of what was received, checked as `add` does.
    explicit headers(headers_view view);

    /// Appends a header, beside others of the same name.
    headers& add(std::string_view name, std::string_view value);
    /// Removes all headers of exactly this name and appends this one.
    headers& set(std::string_view name, std::string_view value);
    /// Removes all headers of exactly this name; returns how many.
    std::size_t erase(std::string_view name);
    void clear() noexcept; ///< removes all headers, and forgets the fault

    /// The value of the first header of exactly this name; good until a change.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept {
        return view().get(name);
    }
    /// All values of exactly this name, in order; good until a change.
    [[nodiscard]] std::vector<std::string_view> values(std::string_view name) const {
        return view().values(name);
    }
    /// Whether there is a header of exactly this name.
    [[nodiscard]] bool contains(std::string_view name) const noexcept {
        return view().contains(name);
    }
    /// How many headers there are; counts them.
    [[nodiscard]] std::size_t size() const noexcept { return view().size(); }
    /// Whether there is none, and no fault either.
    [[nodiscard]] bool empty() const noexcept { return lines_.empty() && fault_.empty(); }
    /// The first.
    [[nodiscard]] headers_view::iterator begin() const noexcept { return view().begin(); }
    /// Behind the last.
    [[nodiscard]] headers_view::iterator end() const noexcept { return view().end(); }

    /// What was added, as a view; good until a change.
    [[nodiscard]] headers_view view() const noexcept { return headers_view(lines_); }
    /// The same.
    // NOLINTNEXTLINE(google-explicit-constructor): headers go where a view of them is taken
    operator headers_view() const noexcept { return view(); }

    /// What is wrong with the first header that was not accepted; empty if all were.
    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

private:
    std::string lines_; // as on the wire, so that sending is one copy
    std::string fault_;
};

} // namespace v0
} // namespace conats
