// SPDX-License-Identifier: Apache-2.0
#include "input.hpp"
#include "template.hpp"
#include "verbs.hpp"

#include <variant>

namespace tool {

namespace {

struct preparation {
    output& out;

    void operator()(pub_settings& s) const {
        (void)parse_headers(s.message.headers);
        out.quiet(s.quiet);
        if (!s.message.payload && !s.by_line)
            s.message.payload = read_stdin(out);
    }
    void operator()(req_settings& s) const {
        (void)parse_headers(s.message.headers);
        if (!s.message.payload)
            s.message.payload = read_stdin(out);
    }
    void operator()(const reply_settings& s) const { (void)parse_headers(s.message.headers); }
    template <class Other>
    void operator()(const Other& /*nothing to do*/) const {}
};

} // namespace

void prepare(verb_settings& settings, output& out) {
    std::visit(preparation{out}, settings);
}

} // namespace tool
