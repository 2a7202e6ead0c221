// SPDX-License-Identifier: Apache-2.0
#include "testing/command_parser.hpp"

#include "support/ascii.hpp"

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

namespace {

/// What follows a verb.
enum class tail : std::uint8_t { blank_and_arguments, arguments, anything };

struct verb {
    std::string_view text;
    command_kind kind;
    tail behind;
};

constexpr std::array verbs{
    verb{"pub", command_kind::publish, tail::blank_and_arguments},
    verb{"hpub", command_kind::publish_with_headers, tail::blank_and_arguments},
    verb{"sub", command_kind::subscribe, tail::blank_and_arguments},
    verb{"unsub", command_kind::unsubscribe, tail::blank_and_arguments},
    verb{"ping", command_kind::ping, tail::anything},
    verb{"pong", command_kind::pong, tail::anything},
    verb{"connect", command_kind::connect, tail::arguments},
    verb{"info", command_kind::info, tail::arguments},
    verb{"+ok", command_kind::ok, tail::anything},
    verb{"-err", command_kind::err, tail::blank_and_arguments},
};

/// The verb that begins so; nullptr: none does.
const verb* find_verb(std::string_view begun) noexcept {
    const auto found = std::find_if(verbs.begin(), verbs.end(),
                                    [begun](const verb& v) { return v.text.starts_with(begun); });
    return found == verbs.end() ? nullptr : &*found;
}

void append_without_cr(std::string& to, std::string_view bytes) {
    for (;;) {
        const std::size_t cr = bytes.find('\r');
        to.append(bytes.substr(0, cr));
        if (cr == std::string_view::npos) {
            return;
        }
        bytes.remove_prefix(cr + 1);
    }
}

} // namespace

void command_parser::begin() noexcept {
    done_ = false;
    step_ = step::verb;
    verb_size_ = 0;
    in_line_ = false;
    line_.clear();
    body_.clear();
}

void command_parser::expect_payload(std::size_t size) noexcept {
    payload_size_ = size;
    step_ = step::payload;
    done_ = false;
}

command_status command_parser::next(std::string_view& in, std::size_t max_line, bool connect_only) {
    if (done_) {
        begin();
    }
    for (;;) {
        command_status status = command_status::need_more;
        const step before = step_;
        switch (step_) {
        case step::verb: status = read_verb(in, connect_only); break;
        case step::blank:
        case step::skip_blanks: status = read_blanks(in); break;
        case step::arguments: status = read_arguments(in, max_line); break;
        case step::rest: status = read_rest(in); break;
        case step::payload: status = read_payload(in); break;
        }
        done_ = status == command_status::line || status == command_status::payload;
        if (status != command_status::need_more || step_ == before) {
            return status;
        }
    }
}

command_status command_parser::read_verb(std::string_view& in, bool connect_only) {
    while (!in.empty()) {
        const char c = conats::impl::to_lower(in.front());
        if (verb_size_ == 0 && connect_only && c != 'c') {
            return command_status::refused;
        }
        verb_[verb_size_++] = c;
        const verb* const found = find_verb({verb_.data(), verb_size_});
        if (found == nullptr) {
            return command_status::unknown;
        }
        in.remove_prefix(1);
        if (found->text.size() == verb_size_) {
            kind_ = found->kind;
            step_ = found->behind == tail::anything              ? step::rest
                    : found->behind == tail::blank_and_arguments ? step::blank
                                                                 : step::skip_blanks;
            return command_status::need_more;
        }
    }
    return command_status::need_more;
}

command_status command_parser::read_blanks(std::string_view& in) {
    if (step_ == step::blank && !in.empty()) {
        if (!conats::impl::is_blank(in.front())) {
            return command_status::unknown;
        }
        step_ = step::skip_blanks;
    }
    while (!in.empty() && conats::impl::is_blank(in.front())) {
        in.remove_prefix(1);
    }
    if (!in.empty()) {
        step_ = step::arguments;
    }
    return command_status::need_more;
}

command_status command_parser::read_arguments(std::string_view& in, std::size_t max_line) {
    // The server takes the first byte for an argument whatever it is, a CR or LF as well.
    const bool fresh = !in_line_;
    const std::size_t lf =
        in.size() <= (fresh ? 1 : 0) ? std::string_view::npos : in.find('\n', fresh ? 1 : 0);
    const bool whole = lf != std::string_view::npos;
    std::string_view part = in.substr(0, lf);
    in.remove_prefix(whole ? lf + 1 : in.size());
    if (fresh && whole) {
        if (part.size() > 1 && part.back() == '\r') {
            part.remove_suffix(1);
        }
        if (part.find('\r', 1) == std::string_view::npos) {
            arguments_ = part;
            return part.size() > max_line ? command_status::line_too_long : command_status::line;
        }
    }
    if (fresh && !part.empty()) {
        in_line_ = true;
        line_.assign(1, part.front());
        part.remove_prefix(1);
    }
    append_without_cr(line_, part);
    if (line_.size() > max_line) {
        return command_status::line_too_long;
    }
    if (!whole) {
        return command_status::need_more;
    }
    arguments_ = line_;
    return command_status::line;
}

command_status command_parser::read_rest(std::string_view& in) {
    const std::size_t lf = in.find('\n');
    if (lf == std::string_view::npos) {
        in.remove_prefix(in.size());
        return command_status::need_more;
    }
    in.remove_prefix(lf + 1);
    arguments_ = {};
    return command_status::line;
}

command_status command_parser::read_payload(std::string_view& in) {
    const std::size_t whole = payload_size_ + 2;
    std::string_view body;
    std::size_t used = 0;
    if (body_.empty() && in.size() >= whole) {
        body = in.substr(0, whole);
        used = whole;
    } else {
        used = std::min(whole - body_.size(), in.size());
        if (arguments_.data() != line_.data()) {
            // They were views into what is going away.
            line_.assign(arguments_);
            arguments_ = line_;
        }
        body_.append(in.substr(0, used));
        body = body_;
    }
    in.remove_prefix(used);
    if ((body.size() > payload_size_ && body[payload_size_] != '\r') ||
        (body.size() > payload_size_ + 1 && body[payload_size_ + 1] != '\n')) {
        return command_status::unknown;
    }
    if (body.size() < whole) {
        return command_status::need_more;
    }
    payload_ = body.substr(0, payload_size_);
    return command_status::payload;
}

std::int64_t read_size(std::string_view text) noexcept {
    constexpr std::size_t max_digits = 9;
    std::uint64_t value = 0;
    if (text.size() > max_digits || !conats::impl::parse_decimal(text, value)) {
        return -1;
    }
    return static_cast<std::int64_t>(value);
}

publish_line read_publish_line(std::string_view line, bool with_headers) noexcept {
    const words<4> w(line, " \t");
    const std::size_t numbers = with_headers ? 2 : 1;
    publish_line out;
    if (w.size() != numbers + 1 && w.size() != numbers + 2) {
        return out;
    }
    out.subject = w[0];
    const std::size_t reply = w.size() - numbers - 1;
    out.reply = reply != 0 ? w[1] : std::string_view();
    out.size_text = w[w.size() - 1];
    const std::int64_t size = read_size(out.size_text);
    std::int64_t header_size = 0;
    if (with_headers) {
        out.header_text = w[w.size() - 2];
        header_size = read_size(out.header_text);
    }
    if (size < 0 || header_size < 0 || header_size > size) {
        return out;
    }
    out.size = static_cast<std::size_t>(size);
    out.header_size = static_cast<std::size_t>(header_size);
    out.well_formed = true;
    return out;
}

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
