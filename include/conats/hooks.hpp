// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/export.hpp>
#include <conats/fwd.hpp>
#include <conats/headers.hpp>
#include <conats/payload.hpp>

#include <string_view>

// For tracing and metrics: what `connect_options::publish_hook` and `delivery_hook` are given and
// may return. The library knows no tracing system; examples/13_tracing.hpp makes one of them.

namespace conats {
inline namespace v0 {

/// What a hook returns to be told of the end of an operation: a span, say. Null where nobody is
/// interested (it is not sampled), which costs nothing.
///
/// Its destruction is the end of the operation, in whatever thread that is. It is held as a
/// `std::shared_ptr` so that the memory can come from a pool (`std::allocate_shared`).
class CONATS_EXPORT observed_operation {
public:
    observed_operation() = default;
    observed_operation(const observed_operation&) = delete;
    observed_operation& operator=(const observed_operation&) = delete;
    virtual ~observed_operation();

    /// It has failed: the message was refused, the request got no reply (`operation_aborted` if it
    /// was cancelled or dropped), the handler threw (`handler_failed`). Once, before the end, in
    /// whatever thread that is. Must not throw.
    virtual void on_error(const error& e) noexcept;
};

/// A message on its way out, as the publish hook sees it. Good during the hook's call.
class CONATS_EXPORT outgoing_message {
public:
    /// For the library. `given` may be null; `room` is where headers are changed.
    outgoing_message(std::string_view subject, std::string_view reply, payload_view payload,
                     const conats::headers* given, conats::headers& room, bool is_request,
                     bool takes_headers) noexcept
        : subject_(subject),
          reply_(reply),
          payload_(payload),
          given_(given),
          room_(room),
          is_request_(is_request),
          takes_headers_(takes_headers) {}
    outgoing_message(const outgoing_message&) = delete;
    outgoing_message& operator=(const outgoing_message&) = delete;
    ~outgoing_message() = default;

    /// Where it is to go.
    [[nodiscard]] std::string_view subject() const noexcept { return subject_; }
    /// Empty for a request, whose inbox is not known yet.
    [[nodiscard]] std::string_view reply() const noexcept { return reply_; }
    /// What it carries.
    [[nodiscard]] payload_view payload() const noexcept { return payload_; }
    /// Whether a reply is waited for.
    [[nodiscard]] bool is_request() const noexcept { return is_request_; }
    /// The headers as they will be sent.
    [[nodiscard]] headers_view headers() const noexcept {
        return changed_ || given_ == nullptr ? room_.view() : given_->view();
    }
    /// Whether the server supports headers; without, a message that has some is refused.
    [[nodiscard]] bool takes_headers() const noexcept { return takes_headers_; }

    /// As `headers::set`: in place of all headers of this name.
    outgoing_message& set_header(std::string_view name, std::string_view value);
    /// As `headers::add`: beside others of this name.
    outgoing_message& add_header(std::string_view name, std::string_view value);

    /// For the library: what to send, null for no headers.
    [[nodiscard]] const conats::headers* result() const noexcept {
        return changed_ ? &room_ : given_;
    }

private:
    conats::headers& changed();

    std::string_view subject_;
    std::string_view reply_;
    payload_view payload_;
    const conats::headers* given_;
    conats::headers& room_;
    bool is_request_;
    bool takes_headers_;
    bool changed_ = false;
};

/// A message that is handed to the application, as the delivery hook sees it. Good during the
/// hook's call.
class delivery {
public:
    /// For the library.
    delivery(const conats::message& m, std::string_view subscription, std::string_view queue_group,
             bool to_handler) noexcept
        : message_(m),
          subscription_(subscription),
          queue_group_(queue_group),
          to_handler_(to_handler) {}

    /// The message.
    [[nodiscard]] const conats::message& message() const noexcept { return message_; }
    /// The subject that the subscription is to, maybe with wildcards.
    [[nodiscard]] std::string_view subscription() const noexcept { return subscription_; }
    /// Empty if the subscription is in none.
    [[nodiscard]] std::string_view queue_group() const noexcept { return queue_group_; }
    /// To a handler, else to who takes it.
    [[nodiscard]] bool to_handler() const noexcept { return to_handler_; }

private:
    const conats::message& message_;
    std::string_view subscription_;
    std::string_view queue_group_;
    bool to_handler_;
};

} // namespace v0
} // namespace conats
