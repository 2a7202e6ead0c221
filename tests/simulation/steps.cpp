// SPDX-License-Identifier: Apache-2.0
// What each step of a schedule does.
#include "actors.hpp"

#include <iterator>

namespace conats::simulation {

void actors::carry_out(const step& s) {
    actor& a = actors_[s.client];
    if (s.kind < step_kind::cut_now) {
        if (s.kind == step_kind::cancel)
            cancel(s);
        else if (a.handle)
            carry_out_at_client(a, s);
    } else if (s.kind < step_kind::outside_publish) {
        carry_out_in_network(s);
    } else {
        carry_out_at_server(s);
    }
}

void actors::carry_out_at_client(actor& a, const step& s) {
    constexpr int timeouts[] = {5, 50, 500, 3000};
    const nanoseconds timeout = milliseconds(timeouts[s.x % std::size(timeouts)]);
    switch (s.kind) {
    case step_kind::publish: publish(a, s); break;
    case step_kind::try_publish: try_publish(a, s); break;
    case step_kind::burst: burst(a, s); break;
    case step_kind::subscribe: subscribe(a, s); break;
    case step_kind::handle: handle(a, s); break;
    case step_kind::request: request(a, s); break;
    case step_kind::request_many: request_many(a, s); break;
    case step_kind::flush: flush(a, timeout); break;
    case step_kind::rtt: {
        operation& op = begin(operation_kind::rtt, a.index, std::chrono::seconds(10));
        spawn(op, a.handle->rtt(), [](nanoseconds) {});
        break;
    }
    case step_kind::barrier:
        spawn(begin(operation_kind::barrier, a.index, timeout), a.handle->barrier(timeout));
        break;
    case step_kind::force_reconnect:
        if (const link* const l = network_.current(a.index))
            network_.harm(*l); // what is not sent waits for the next
        (void)a.handle->force_reconnect();
        break;
    case step_kind::set_servers: {
        std::string list;
        for (std::size_t i = 0; i != network_.servers().size(); ++i)
            if ((s.x >> i) % 2 == 0)
                list += (list.empty() ? "" : ",") + network_.address(i);
        if (!list.empty())
            (void)a.handle->set_servers(list);
        break;
    }
    case step_kind::drain:
        a.is_ending = true;
        spawn(begin(operation_kind::drain, a.index,
                    a.plan.drain_timeout + 2 * a.plan.close_timeout + milliseconds(1)),
              a.handle->drain());
        break;
    case step_kind::close:
        a.is_ending = true;
        close(a);
        break;
    case step_kind::drop_client:
        a.is_ending = true;
        a.handle.reset();
        if (s.x % 2 == 0)
            drop_subscriptions(a);
        break;
    default: carry_out_at_subscription(a, s); break;
    }
}

void actors::close(actor& a) {
    operation& op =
        begin(operation_kind::close, a.index, 2 * a.plan.close_timeout + milliseconds(1));
    const link* const l = network_.current(a.index);
    if (l != nullptr && a.handle->status() == status::connected)
        op.link = l->talk.link;
    spawn(op, a.handle->close());
}

void actors::flush(actor& a, nanoseconds timeout) {
    spawn(begin(operation_kind::flush, a.index, timeout), a.handle->flush(timeout));
}

/// One of the client's subscriptions that it still holds.
interest* actors::pick(const actor& a, const step& s) {
    std::vector<interest*> held;
    for (interest& i : model_.interests())
        if (i.client == a.index &&
            (s.kind == step_kind::drop_replies ? i.replies.has_value() : i.handle.has_value()))
            held.push_back(&i);
    return held.empty() ? nullptr : held[s.x % held.size()];
}

void actors::carry_out_at_subscription(actor& a, const step& s) {
    interest* const i = pick(a, s);
    if (i == nullptr)
        return;
    journal_.note([&] { return "  subscription " + std::to_string(i->index); });
    switch (s.kind) {
    case step_kind::consume:
        if (!i->has_consumer)
            consume(*i, s.y % 4, s.z % 3 == 0 ? milliseconds(1 + s.y % 30) : milliseconds(0));
        break;
    case step_kind::take:
        if (i->has_consumer)
            break;
        if (const auto m = i->handle->try_next())
            model_.delivered(*i, *m);
        break;
    case step_kind::unsubscribe:
        i->has_unsubscribed = true;
        i->handle->unsubscribe();
        break;
    case step_kind::auto_unsubscribe: limit(*i, s); break;
    case step_kind::drain_subscription: {
        i->has_drained = true;
        operation& op =
            begin(operation_kind::drain_subscription, a.index, nanoseconds(a.plan.drain_timeout));
        op.about = i->index;
        spawn(op, i->handle->drain());
        break;
    }
    case step_kind::drop_subscription:
        i->has_unsubscribed = true;
        i->handle.reset();
        break;
    case step_kind::release_subscription:
        if (i->kind != interest_kind::handler ||
            i->lifetime.count() + i->idle.count() + i->first_message.count() != 0 ||
            i->handle->end_reason() || i->has_drained)
            break;
        i->is_released = true;
        i->handle->release();
        i->handle.reset();
        break;
    case step_kind::pending_limits:
        if (i->limit_messages != 0) {
            i->limit_messages += s.y % 5;
            i->handle->pending_limits(i->limit_messages, i->limit_bytes);
        }
        break;
    case step_kind::drop_replies:
        i->has_unsubscribed = true;
        i->replies.reset();
        break;
    default: break;
    }
}

void actors::limit(interest& i, const step& s) {
    if (i.handle->end_reason())
        return;
    const std::size_t got = i.arrived.size();
    const std::uint64_t max =
        std::max<std::size_t>(1, got + s.y % 6 - std::min<std::size_t>(got, 2));
    // The server may have acted on a lower one already, so none is raised.
    if (i.max != 0 && max > i.max)
        return;
    i.max = max;
    const link* const l = network_.current(i.client);
    i.limited_on = l == nullptr ? 0 : l->talk.link;
    i.handle->auto_unsubscribe(i.max);
}

void actors::cancel(const step& s) {
    std::vector<operation*> open;
    for (operation& op : operations_)
        if (op.completions == 0 && !op.is_cancelled)
            open.push_back(&op);
    if (open.empty())
        return;
    // Late ones more often: they are the ones that have just begun.
    operation& op = *open[s.x % 2 == 0 ? open.size() - 1 : s.y % open.size()];
    journal_.note([&] { return "  operation " + std::to_string(op.index) + " is cancelled"; });
    op.is_cancelled = true;
    op.deadline = network_.now();
    if (op.kind == operation_kind::connect)
        actors_[op.client].is_ending = true;
    op.signal.emit(asio::cancellation_type::terminal);
}

void actors::carry_out_in_network(const step& s) {
    link* const l = network_.current(s.client);
    if (s.kind == step_kind::refuse) {
        network_.refuse(s.x % network_.servers().size(), milliseconds(s.y % 1000));
        return;
    }
    if (l == nullptr)
        return;
    // Most cuts lie within the next command.
    const std::size_t after = s.x % 4 == 0 ? s.y % 2000 : s.y % 120;
    switch (s.kind) {
    case step_kind::cut_now: network_.cut(*l); break;
    case step_kind::cut_up: network_.cut_up(*l, after); break;
    case step_kind::cut_down: network_.cut_down(*l, after); break;
    case step_kind::stall: network_.stall(*l, milliseconds(s.y % 400)); break;
    default: break;
    }
}

void actors::carry_out_at_server(const step& s) {
    const std::size_t index = s.x % network_.servers().size();
    const nanoseconds d = milliseconds(1 + s.y % 600);
    switch (s.kind) {
    case step_kind::outside_publish:
        for (std::uint32_t i = 0; i != 1 + s.z % 4; ++i)
            network_.publish_outside(
                index, "t." + std::to_string(s.y % 3) + '.' + std::to_string((s.y / 3 + i) % 2),
                s.y / 8 % 3 == 0 ? 400 : 0);
        break;
    case step_kind::crash: network_.crash(index, d); break;
    case step_kind::shut_down: network_.shut_down(index, d); break;
    case step_kind::lame_duck: network_.lame_duck(index, d); break;
    case step_kind::info: {
        random_stream random(s.y);
        network_.send_info(index, random);
        break;
    }
    case step_kind::change_token: network_.change_token(index, d); break;
    case step_kind::ping:
    case step_kind::error: {
        const link* const l = network_.current(s.client);
        if (l == nullptr || l->at_server == 0)
            break;
        testing::broker_core& core = network_.servers()[l->server]->core;
        if (s.kind == step_kind::ping)
            core.send(l->at_server, "PING\r\n");
        else if (s.y % 3 == 0)
            core.send_error(l->at_server, "Permissions Violation for Publish to \"t.9.9\"");
        else if (s.y % 3 == 1)
            core.send_error(l->at_server, "Something else");
        else
            core.close(l->at_server, "Stale Connection");
        break;
    }
    default: break;
    }
}

// --- The end

void actors::end_all(ending how) {
    if (how == ending::drop_handles) {
        drop_handles();
        return;
    }
    for (actor& a : actors_) {
        step s;
        s.kind = how == ending::drain ? step_kind::drain : step_kind::close;
        s.client = static_cast<std::uint32_t>(a.index);
        if (a.handle)
            carry_out_at_client(a, s);
        else
            drop_subscriptions(a); // which keep the connection
    }
}

void actors::drop_handles() {
    for (actor& a : actors_) {
        a.is_ending = true;
        a.handle.reset();
        drop_subscriptions(a);
    }
}

void actors::drop_subscriptions(const actor& a) {
    for (interest& i : model_.interests()) {
        if (i.client != a.index)
            continue;
        i.has_unsubscribed = true;
        i.handle.reset();
        i.replies.reset();
    }
}

} // namespace conats::simulation
