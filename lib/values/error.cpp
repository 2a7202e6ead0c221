// SPDX-License-Identifier: Apache-2.0
#include <conats/error.hpp>

#include <ostream>
#include <utility>

namespace conats {
inline namespace v0 {

namespace {

const std::string& nothing() {
    static const std::string empty;
    return empty;
}

/// Whether a text names a subject as a word: not as "a" lies within "draining".
bool names(std::string_view text, std::string_view subject) {
    constexpr std::string_view between = " \"'()[],;:";
    const auto ends = [&](std::size_t at) {
        return at >= text.size() || between.find(text[at]) != std::string_view::npos;
    };
    for (std::size_t at = text.find(subject); at != std::string_view::npos;
         at = text.find(subject, at + 1))
        if (ends(at - 1) && ends(at + subject.size())) // before the first: beyond every end
            return true;
    return false;
}

} // namespace

struct error::details {
    std::string text;
    std::string subject;
    std::string server;

    friend bool operator==(const details&, const details&) = default;
};

error::error(error_code code, std::string text) : code_(code) {
    edit().text = std::move(text);
}
error::error(errc code, std::string text) : error(make_error_code(code), std::move(text)) {}

/// Always a fresh block: another thread may hold an error that shares the old one.
error::details& error::edit() {
    details_ = details_ ? std::make_shared<details>(*details_) : std::make_shared<details>();
    return *details_;
}

const std::string& error::text() const noexcept {
    return details_ ? details_->text : nothing();
}
const std::string& error::subject() const noexcept {
    return details_ ? details_->subject : nothing();
}
const std::string& error::server() const noexcept {
    return details_ ? details_->server : nothing();
}

error& error::text(std::string t) {
    edit().text = std::move(t);
    return *this;
}

error& error::subject(std::string s) {
    edit().subject = std::move(s);
    return *this;
}

error& error::server(std::string s) {
    edit().server = std::move(s);
    return *this;
}

error& error::was_written(bool w) noexcept {
    was_written_ = w;
    return *this;
}

std::string error::what() const {
    const bool ours = code_.category() == error_category();
    std::string line(ours ? to_string(static_cast<errc>(code_.value())) : code_.category().name());
    line += ": ";
    line += text().empty() ? code_.message() : text();
    if (!subject().empty() && !names(text(), subject()))
        line += " [" + subject() + ']';
    if (!server().empty()) {
        line += " (" + server() + ')';
    }
    return line;
}

bool operator==(const error& a, const error& b) noexcept {
    return a.code_ == b.code_ && a.text() == b.text() && a.subject() == b.subject() &&
           a.server() == b.server();
}

std::ostream& operator<<(std::ostream& os, const error& e) {
    return e ? os << e.what() : os << "no error";
}

system_error::system_error(error e)
    : boost::system::system_error(e.code()),
      error_(std::move(e)),
      what_(error_.what()) {}

system_error::~system_error() = default;

} // namespace v0
} // namespace conats
