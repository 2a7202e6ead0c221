// SPDX-License-Identifier: Apache-2.0
#include "support/ascii.hpp"
#include "values/header_lines.hpp"

#include <conats/headers.hpp>

#include <algorithm>
#include <iterator>

namespace conats {
inline namespace v0 {

namespace {

bool is_name_character(char c) noexcept {
    return c > ' ' && c < 0x7f && c != ':';
}
bool is_value_character(char c) noexcept {
    return c != '\r' && c != '\n' && c != '\0';
}

std::string describe(std::string_view what, std::string_view text, std::size_t at) {
    return "header " + std::string(what) + " \"" + impl::escaped_excerpt(text) + "\" holds '" +
           impl::escaped(text[at]) + "' at position " + std::to_string(at);
}

/// What is wrong with a header to be sent, or nothing.
std::string find_fault(std::string_view name, std::string_view value) {
    if (name.empty()) {
        return "header name is empty";
    }
    const auto name_end = std::find_if_not(name.begin(), name.end(), is_name_character);
    if (name_end != name.end()) {
        return describe("name", name, static_cast<std::size_t>(name_end - name.begin()));
    }
    const auto value_end = std::find_if_not(value.begin(), value.end(), is_value_character);
    if (value_end != value.end()) {
        const auto at = static_cast<std::size_t>(value_end - value.begin());
        return "value of header \"" + impl::escaped_excerpt(name) + "\" holds '" +
               impl::escaped(value[at]) + "' at position " + std::to_string(at);
    }
    return {};
}

template <class Same>
std::optional<std::string_view> find_first(const headers_view& view, Same same) noexcept {
    for (const header_field& field : view) {
        if (same(field.name)) {
            return field.value;
        }
    }
    return std::nullopt;
}

} // namespace

headers_view::iterator::iterator(const char* line, const char* end) noexcept
    : line_(line),
      next_(line),
      end_(end) {
    read();
}

void headers_view::iterator::read() noexcept {
    line_ = next_;
    if (line_ == end_) {
        field_ = {};
        return;
    }
    const std::string_view rest(line_, static_cast<std::size_t>(end_ - line_));
    const std::size_t size = std::min(impl::find_crlf(rest), rest.size());
    const std::string_view line = rest.substr(0, size);
    const std::size_t colon = std::min(line.find(':'), size);
    field_.name = line.substr(0, colon);
    field_.value = impl::trim_blanks(line.substr(std::min(colon + 1, size)));
    next_ = line_ + std::min(size + 2, rest.size());
}

headers_view::iterator& headers_view::iterator::operator++() noexcept {
    read();
    return *this;
}

headers_view::iterator headers_view::iterator::operator++(int) noexcept {
    iterator before = *this;
    read();
    return before;
}

headers_view::iterator headers_view::begin() const noexcept {
    return {lines_.data(), lines_.data() + lines_.size()};
}

headers_view::iterator headers_view::end() const noexcept {
    const char* const end = lines_.data() + lines_.size();
    return {end, end};
}

std::optional<std::string_view> headers_view::get(std::string_view name) const noexcept {
    return find_first(*this, [name](std::string_view other) { return other == name; });
}

std::optional<std::string_view> headers_view::get_ignore_case(
    std::string_view name) const noexcept {
    return find_first(
        *this, [name](std::string_view other) { return impl::equal_ignore_case(other, name); });
}

std::vector<std::string_view> headers_view::values(std::string_view name) const {
    std::vector<std::string_view> found;
    for (const header_field& field : *this) {
        if (field.name == name) {
            found.push_back(field.value);
        }
    }
    return found;
}

bool headers_view::contains(std::string_view name) const noexcept {
    return get(name).has_value();
}

std::size_t headers_view::size() const noexcept {
    return static_cast<std::size_t>(std::distance(begin(), end()));
}

namespace {

void append_line(std::string& to, std::string_view name, std::string_view value) {
    to.append(name).append(": ").append(value).append("\r\n");
}

/// Removes those of the lines before `end` whose name is what stands there, of this size. Returns
/// how many.
std::size_t remove_lines(std::string& lines, std::size_t end, std::size_t name_size) {
    std::size_t removed = 0;
    std::size_t to = 0;
    for (std::size_t from = 0; from != end;) {
        const std::string_view rest = std::string_view(lines).substr(from, end - from);
        const std::string_view line = rest.substr(0, impl::find_crlf(rest) + 2);
        from += line.size();
        if (line.substr(0, line.find(':')) == std::string_view(lines).substr(end, name_size)) {
            ++removed;
        } else {
            std::copy(line.begin(), line.end(), lines.begin() + static_cast<std::ptrdiff_t>(to));
            to += line.size();
        }
    }
    lines.erase(to, end - to);
    return removed;
}

} // namespace

headers::headers(headers_view view) {
    lines_.reserve(view.lines().size());
    for (const header_field& field : view) {
        add(field.name, field.value);
    }
}

headers& headers::add(std::string_view name, std::string_view value) {
    if (std::string fault = find_fault(name, value); !fault.empty()) {
        if (fault_.empty()) {
            fault_ = std::move(fault);
        }
        return *this;
    }
    // Both may be views into these headers, which must not move meanwhile.
    const std::size_t size = lines_.size() + name.size() + value.size() + 4;
    if (size > lines_.capacity()) {
        std::string larger;
        larger.reserve(std::max(size, 2 * lines_.capacity()));
        append_line(larger.append(lines_), name, value);
        lines_ = std::move(larger);
    } else {
        append_line(lines_, name, value);
    }
    return *this;
}

headers& headers::set(std::string_view name, std::string_view value) {
    const std::size_t before = lines_.size();
    add(name, value);
    if (lines_.size() != before) { // else it is at fault
        remove_lines(lines_, before, name.size());
    }
    return *this;
}

std::size_t headers::erase(std::string_view name) {
    // It may be a view into these headers: looked for where it does not move until the end.
    const std::size_t before = lines_.size();
    lines_.append(name);
    const std::size_t erased = remove_lines(lines_, before, name.size());
    lines_.resize(lines_.size() - name.size());
    return erased;
}

void headers::clear() noexcept {
    lines_.clear();
    fault_.clear();
}

} // namespace v0
} // namespace conats
