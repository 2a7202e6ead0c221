// SPDX-License-Identifier: Apache-2.0
#include "engine/frame_cursor.hpp"

#include <array>
#include <charconv>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::size_t line_end_size = 2; // CRLF

std::size_t to_size(std::string_view digits) {
    std::size_t n = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), n);
    return n;
}

} // namespace

bool frame_cursor::next() {
    const byte_buffer& bytes = from_.bytes_;
    offset_ = next_;
    begin_ = end_;
    if (offset_ == bytes.size()) {
        return false;
    }
    const std::string_view rest(bytes.data() + offset_, bytes.size() - offset_);
    const std::size_t line = rest.find("\r\n");
    line_ = rest.substr(0, line);
    read_line(line_);
    next_ = offset_ + line + line_end_size;
    end_ += line + line_end_size;
    inserted_at_ = 0;
    if (!is_publish_) {
        return true;
    }
    end_ += body_size_ + line_end_size;
    if (has_insertion(next_ + header_size_)) {
        inserted_at_ = next_ + header_size_;
        ++insertion_;
        next_ = inserted_at_ + line_end_size;
    } else {
        next_ += body_size_ + line_end_size;
    }
    return true;
}

bool frame_cursor::has_insertion(std::size_t before) const noexcept {
    return insertion_ != from_.insertions_.size() && from_.insertions_[insertion_].offset == before;
}

std::string_view frame_cursor::payload() const noexcept {
    if (inserted_at_ == 0) {
        return {header_block().data() + header_size_, body_size_ - header_size_};
    }
    const owned_payload& apart = from_.insertions_[insertion_ - 1].payload;
    return {apart.data(), apart.size()};
}

void frame_cursor::append_to(outbox& to) const {
    const char* const bytes = from_.bytes_.data();
    if (inserted_at_ == 0) {
        to.bytes().append(bytes + offset_, next_ - offset_);
        return;
    }
    to.bytes().append(bytes + offset_, inserted_at_ - offset_);
    to.insert(from_.insertions_[insertion_ - 1].payload);
    to.bytes().append(bytes + inserted_at_, next_ - inserted_at_);
}

// PUB subject [reply] size, or HPUB subject [reply] header-size size.
void frame_cursor::read_line(std::string_view line) {
    std::array<std::string_view, 5> words;
    std::size_t count = 0;
    while (!line.empty() && count != words.size()) {
        const std::size_t blank = line.find(' ');
        words.at(count++) = line.substr(0, blank);
        line.remove_prefix(blank == line.npos ? line.size() : blank + 1);
    }
    const bool is_hpub = words[0] == "HPUB";
    is_publish_ = is_hpub || words[0] == "PUB";
    subject_ = reply_ = {};
    header_size_ = body_size_ = 0;
    if (!is_publish_) {
        return;
    }
    const std::size_t sizes = is_hpub ? 2 : 1;
    subject_ = words[1];
    if (count == 3 + sizes) {
        reply_ = words[2];
    }
    body_size_ = to_size(words.at(count - 1));
    header_size_ = is_hpub ? to_size(words.at(count - 2)) : 0;
}

} // namespace impl
} // namespace v0
} // namespace conats
