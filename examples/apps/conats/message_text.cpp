// SPDX-License-Identifier: Apache-2.0
#include "message_text.hpp"

#include "text.hpp"

namespace tool {

namespace {

std::string shown(const output& out, std::string_view text) {
    return out.on_terminal() ? printable(text, true) : std::string(text);
}

} // namespace

void print_title(output& out, const conats::message& m, std::uint64_t number) {
    std::string line = "[#" + std::to_string(number) + "] Received on ";
    line += out.painted(style::subject, in_quotes(m.subject()));
    if (!m.reply().empty())
        line += " with reply " + in_quotes(m.reply());
    out.print(line + '\n');
}

void print_headers(output& out, const conats::message& m) {
    const auto print = [&](std::string_view name, std::string_view value) {
        out.print(out.painted(style::header, shown(out, name) + ':'));
        out.print(' ' + shown(out, value) + '\n');
    };
    const auto headers = m.headers();
    const auto status = m.status();
    if (status.code != 0)
        print("Status", std::to_string(status.code));
    if (!status.description.empty())
        print("Description", status.description);
    for (const conats::header_field& h : headers)
        print(h.name, h.value);
    if (!headers.empty() || status.code != 0)
        out.print("\n");
}

void print_payload(output& out, const conats::message& m) {
    out.print(shown(out, m.text()));
    out.print(m.text().ends_with('\n') ? "\n" : "\n\n");
}

void print_raw(output& out, const conats::message& m, delimiter after) {
    out.print(m.text());
    if (after == delimiter::newline)
        out.print("\n");
    if (after == delimiter::null)
        out.print(std::string_view("\0", 1));
}

} // namespace tool
