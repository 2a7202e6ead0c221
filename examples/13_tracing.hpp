// SPDX-License-Identifier: Apache-2.0
// A small tracing system, in place of OpenTelemetry's, for 13_observability.cpp: W3C trace context
// in headers, spans with the attributes of OpenTelemetry's messaging conventions, and an exporter
// that keeps them in memory. For a client on one thread; with several, its spans need a mutex.
#pragma once

#include <conats/conats.hpp>
#include <conats/observability.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tracing {

inline std::string random_hex(std::size_t digits) {
    static std::mt19937_64 random{std::random_device()()};
    std::string text;
    while (text.size() != digits)
        text += "0123456789abcdef"[random() % 16];
    return text;
}

/// Which span of which trace: what goes from process to process.
struct context {
    std::string trace_id = random_hex(32);
    std::string span_id = random_hex(16);
    bool sampled = true;

    [[nodiscard]] context child() const {
        context c = *this;
        c.span_id = random_hex(16);
        return c;
    }
    /// https://www.w3.org/TR/trace-context/#traceparent-header
    [[nodiscard]] std::string traceparent() const {
        return "00-" + trace_id + '-' + span_id + (sampled ? "-01" : "-00");
    }
    static std::optional<context> parse(std::string_view text) {
        const auto is_hex = [&](std::size_t at, std::size_t size) {
            return text.substr(at, size).find_first_not_of("0123456789abcdef") == text.npos;
        };
        if (text.size() != 55 || !text.starts_with("00-") || text[35] != '-' || text[52] != '-' ||
            !is_hex(3, 32) || !is_hex(36, 16) || !is_hex(53, 2))
            return std::nullopt;
        context c;
        c.trace_id = text.substr(3, 32);
        c.span_id = text.substr(36, 16);
        c.sampled = std::string_view("13579bdf").find(text[54]) != std::string_view::npos;
        return c;
    }
};

struct span {
    std::string name;
    std::string kind; // PRODUCER, CONSUMER, CLIENT
    context own;
    std::string parent_id; // empty: the first of its trace
    std::map<std::string, std::string> attributes;
    std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
    std::chrono::steady_clock::duration took{};
};

/// Of one service: its hooks, and the spans that have ended.
class tracer {
public:
    /// For `connect_options`. The tracer outlives the clients it is given to.
    conats::publish_hook_function publish_hook() {
        return [this](conats::outgoing_message& m) { return on_publish(m); };
    }
    conats::delivery_hook_function delivery_hook() {
        return [this](const conats::delivery& d) { return on_delivery(d); };
    }
    /// Whether a trace that begins here is recorded.
    bool sample = true;

    [[nodiscard]] const std::vector<span>& spans() const { return spans_; }

    /// Where this thread is: the message that its handler handles. A coroutine has to take a copy
    /// before it is suspended for the first time, and to hand it on, as a header `traceparent` of
    /// what it publishes.
    static std::optional<context>& current() {
        thread_local std::optional<context> here;
        return here;
    }

private:
    using operation = std::shared_ptr<conats::observed_operation>;

    /// A span that has not ended. The library holds it; its destruction is the end.
    class open_span : public conats::observed_operation {
    public:
        open_span(tracer& to, span s) : tracer_(to), span_(std::move(s)) {}
        ~open_span() override {
            span_.took = std::chrono::steady_clock::now() - span_.begin;
            if (span_.own.sampled)
                tracer_.spans_.push_back(std::move(span_));
        }
        void on_error(const conats::error& e) noexcept override {
            const std::string what = e.what(); // "no_responders: nobody is subscribed ..."
            span_.attributes["error.type"] = what.substr(0, what.find(':'));
        }
        [[nodiscard]] const context& own() const { return span_.own; }

    private:
        tracer& tracer_;
        span span_;
    };

    /// One of a handler, within which other spans begin. Without sampling it is there as well, so
    /// that they are not sampled either.
    class delivery_span final : public open_span {
    public:
        delivery_span(tracer& to, span s)
            : open_span(to, std::move(s)),
              before_(std::exchange(current(), own())) {}
        ~delivery_span() override { current() = before_; }

    private:
        std::optional<context> before_;
    };

    static span make_span(std::string_view verb, std::string_view subject, std::string kind,
                          context own, const std::optional<context>& parent) {
        span s;
        s.name = std::string(verb) + ' ' + std::string(subject);
        s.kind = std::move(kind);
        s.own = std::move(own);
        s.parent_id = parent ? parent->span_id : std::string();
        s.attributes["messaging.system"] = "nats";
        s.attributes["messaging.operation.name"] = verb;
        s.attributes["messaging.destination.name"] = subject;
        return s;
    }

    operation on_publish(conats::outgoing_message& m) {
        // What the program has set wins over where the thread is.
        std::optional<context> parent = current();
        if (const auto set = m.headers().get("traceparent"))
            parent = context::parse(*set);
        context own;
        own.sampled = sample;
        if (parent)
            own = parent->child();
        if (m.takes_headers())
            m.set_header("traceparent", own.traceparent());
        if (!own.sampled)
            return nullptr;
        const bool asks = m.is_request();
        span s = make_span(asks ? "request" : "publish", m.subject(), asks ? "CLIENT" : "PRODUCER",
                           own, parent);
        s.attributes["messaging.operation.type"] = "send";
        s.attributes["messaging.message.body.size"] = std::to_string(m.payload().size());
        return std::make_shared<open_span>(*this, std::move(s));
    }

    operation on_delivery(const conats::delivery& d) {
        const conats::message& m = d.message();
        std::optional<context> parent;
        if (const auto sent = m.headers().get("traceparent"))
            parent = context::parse(*sent);
        context own;
        own.sampled = sample;
        if (parent)
            own = parent->child();
        span s = make_span("process", m.subject(), "CONSUMER", own, parent);
        s.attributes["messaging.operation.type"] = "process";
        s.attributes["messaging.destination.template"] = d.subscription();
        s.attributes["messaging.message.body.size"] = std::to_string(m.text().size());
        if (!d.queue_group().empty())
            s.attributes["messaging.consumer.group.name"] = d.queue_group();
        // Who takes messages is not called: what it does next need not be because of this one.
        if (!d.to_handler())
            return std::make_shared<open_span>(*this, std::move(s));
        return std::make_shared<delivery_span>(*this, std::move(s));
    }

    std::vector<span> spans_;
};

} // namespace tracing
