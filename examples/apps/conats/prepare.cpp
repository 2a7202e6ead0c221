// SPDX-License-Identifier: Apache-2.0
#include "exit_code.hpp"
#include "input.hpp"
#include "template.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <conats/subject.hpp>

#include <string>
#include <variant>

namespace tool {

namespace {

void require(bool valid, const std::string& what, const std::string& value) {
    if (!valid)
        throw failure(bad_usage, in_quotes(value) + " is no " + what);
}

void check_subscribed(const std::string& subject) {
    require(conats::is_valid_subscribe_subject(subject), "subject to subscribe to", subject);
}

/// One with a template is known when a message is sent.
void check_published(const std::string& subject, bool templates) {
    const bool later = templates && subject.find("{{") != subject.npos;
    require(later || conats::is_valid_publish_subject(subject), "subject to publish to", subject);
}

void check_group(const std::string& queue) {
    require(queue.empty() || conats::is_valid_queue_group(queue), "queue group", queue);
}

struct preparation {
    output& out;

    void operator()(pub_settings& s) const {
        check_published(s.message.subject, s.message.templates);
        if (!s.reply.empty())
            check_published(s.reply, false);
        (void)parse_headers(s.message.headers);
        out.quiet(s.quiet);
        if (!s.message.payload && !s.by_line)
            s.message.payload = read_stdin(out);
    }
    void operator()(const sub_settings& s) const {
        for (const std::string& subject : s.subjects)
            check_subscribed(subject);
        check_group(s.queue);
    }
    void operator()(req_settings& s) const {
        check_published(s.message.subject, s.message.templates);
        (void)parse_headers(s.message.headers);
        if (!s.message.payload)
            s.message.payload = read_stdin(out);
    }
    void operator()(const reply_settings& s) const {
        check_subscribed(s.message.subject);
        check_group(s.queue);
        (void)parse_headers(s.message.headers);
    }
    void operator()(const bench_settings& s) const { check_published(s.subject, false); }
    template <class Other>
    void operator()(const Other& /*nothing to do*/) const {}
};

} // namespace

void prepare(verb_settings& settings, output& out) {
    std::visit(preparation{out}, settings);
}

} // namespace tool
