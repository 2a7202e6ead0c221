// SPDX-License-Identifier: Apache-2.0
#include "invariants.hpp"

#include <conats/client.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace conats::simulation {

namespace {

std::string name_of(const interest& i) {
    return "subscription " + std::to_string(i.index) + " '" + i.subject + "'";
}

std::string join(const std::vector<std::string>& parts) {
    std::string out;
    for (const std::string& p : parts)
        out += (out.empty() ? "" : ", ") + p;
    return '{' + out + '}';
}

} // namespace

void invariants::check_always() {
    check_deadlines();
    for (const interest& i : model_.interests()) {
        check_limits(i);
        check_end(i);
    }
    for (actor& a : actors_.all()) {
        check_status(a);
        check_subscriptions(a);
    }
}

void invariants::check_deadlines() {
    for (const operation& op : actors_.operations())
        if (op.completions == 0 && op.deadline < network_.now())
            journal_.fail(std::string(to_string(op.kind)) + ", operation " +
                          std::to_string(op.index) + ", should be over");
        else if (op.completions == 0 && op.is_cancelled)
            journal_.fail(std::string(to_string(op.kind)) + ", operation " +
                          std::to_string(op.index) + ", was cancelled and goes on");
}

void invariants::check_limits(const interest& i) {
    if (!i.handle)
        return;
    const subscription_statistics s = i.handle->statistics();
    // The policy `wait` takes all that was read at once.
    if (i.policy != overflow::wait &&
        ((i.limit_messages != 0 && s.max_pending_messages > i.limit_messages) ||
         (i.limit_bytes != 0 && s.max_pending_bytes > i.limit_bytes)))
        journal_.fail(name_of(i) + " had " + std::to_string(s.max_pending_messages) +
                      " messages and " + std::to_string(s.max_pending_bytes) + " bytes waiting");
    if (s.pending_messages == 0 && s.pending_bytes != 0)
        journal_.fail(name_of(i) + " has no message waiting, and " +
                      std::to_string(s.pending_bytes) + " bytes");
    if (i.limit_messages == 0 && i.limit_bytes == 0 && s.dropped != 0)
        journal_.fail(name_of(i) + " has no limits and drops messages");
    if (i.delivered + s.dropped + s.pending_messages > i.arrived.size())
        journal_.fail(name_of(i) + " counts more messages than came");
}

void invariants::check_end(const interest& i) {
    if (!i.handle)
        return;
    const error why = i.handle->end_reason();
    const actor& a = actors_.all()[i.client];
    const time_point now = network_.now();
    bool is_right = true;
    if (!why) {
        if (i.is_reached() || (i.lifetime.count() != 0 && now > i.since + i.lifetime))
            journal_.fail(name_of(i) + " should have ended");
        return;
    }
    switch (static_cast<errc>(why.code().value())) {
    case errc::max_messages_reached: is_right = i.is_reached(); break;
    case errc::unsubscribed: is_right = i.has_unsubscribed; break;
    case errc::drained: is_right = i.has_drained || a.is_ending; break;
    case errc::lifetime_reached:
        is_right = i.lifetime.count() != 0 && now >= i.since + i.lifetime;
        break;
    case errc::idle_timeout:
        is_right = i.idle.count() != 0 && now >= std::max(i.since, i.last_arrival) + i.idle;
        break;
    case errc::first_message_timeout:
        is_right = i.first_message.count() != 0 && now >= i.since + i.first_message;
        break;
    case errc::permission_denied: is_right = i.subject.starts_with("deny."); break;
    default: is_right = !a.handle || a.handle->status() != status::connected; break;
    }
    if (!is_right)
        journal_.fail(name_of(i) + " ends without reason: " + why.what());
}

void invariants::check_status(actor& a) {
    if (!a.events)
        return;
    while (const auto e = a.events->try_next()) {
        journal_.note([&] {
            return "  event of client " + std::to_string(a.index) + ": " +
                   std::string(to_string(e->kind())) + ' ' + std::string(to_string(e->status())) +
                   ' ' + e->what().what();
        });
        if (e->kind() != event_kind::status_changed)
            continue;
        if (a.seen == status::closed)
            journal_.fail("an event behind the last");
        a.seen = e->status();
    }
    if (!a.handle)
        return;
    if (a.handle->status() != a.seen)
        journal_.fail("the client is " + std::string(to_string(a.handle->status())) +
                      ", and its events say " + std::string(to_string(a.seen)));
    if (a.handle->status() == status::connected && a.handle->statistics().outbox_bytes == 0)
        for (const operation& op : actors_.operations())
            if (op.client == a.index && op.kind == operation_kind::publish && op.completions == 0)
                journal_.fail("publish, operation " + std::to_string(op.index) +
                              ", waits for nothing");
    if (a.handle->status() == status::closed && !a.is_ending && a.plan.max_reconnects < 0 &&
        a.plan.ignores_auth_errors)
        journal_.fail("the client has given up: " + a.handle->close_reason().what());
}

// Only while nothing is under way, which may change what the server has.
void invariants::check_subscriptions(const actor& a) {
    link* const l = network_.current(a.index);
    if (!a.handle || a.handle->status() != status::connected || l == nullptr || !l->is_idle() ||
        l->at_server == 0 || l->is_dead || a.handle->statistics().outbox_bytes != 0)
        return;
    if (a.handle->connected_url() != network_.address(l->server))
        return; // it is about to move there
    if (l->talk.pings_heard != l->talk.pongs_said)
        journal_.fail("the client was asked " + std::to_string(l->talk.pings_heard) +
                      " times by PING and answers " + std::to_string(l->talk.pongs_said) +
                      " times");
    std::vector<std::string> ours;
    std::vector<std::string> theirs;
    std::size_t all = 0;
    for (const interest& i : model_.interests())
        if (i.client == a.index && i.kind != interest_kind::replies && i.is_live() &&
            !i.subject.starts_with("deny."))
            ours.push_back(i.subject + ' ' + i.queue);
    for (const auto& s : network_.servers()[l->server]->core.subscriptions(l->at_server)) {
        ++all;
        if (!s.subject.starts_with("_INBOX."))
            theirs.push_back(s.subject + ' ' + s.queue);
    }
    std::sort(ours.begin(), ours.end());
    std::sort(theirs.begin(), theirs.end());
    if (ours != theirs)
        journal_.fail("client " + std::to_string(a.index) + " has subscriptions " + join(ours) +
                      ", the server " + join(theirs));
    if (a.handle->statistics().subscriptions != all)
        journal_.fail("client " + std::to_string(a.index) + " counts " +
                      std::to_string(a.handle->statistics().subscriptions) +
                      " subscriptions, the server " + std::to_string(all));
}

void invariants::check_delivered(const interest& i) {
    if (!i.handle || !i.has_consumer || i.has_unsubscribed)
        return;
    const subscription_statistics s = i.handle->statistics();
    if (s.pending_messages != 0)
        journal_.fail(name_of(i) + " has a consumer and messages waiting");
    if (i.delivered + s.dropped != i.arrived.size())
        journal_.fail(name_of(i) + ": " + std::to_string(i.arrived.size()) + " messages came, " +
                      std::to_string(i.delivered) + " were delivered, " +
                      std::to_string(s.dropped) + " dropped");
}

void invariants::check_settled() {
    check_always();
    for (const operation& op : actors_.operations())
        if (op.completions == 0 && op.kind != operation_kind::consume)
            journal_.fail(std::string(to_string(op.kind)) + ", operation " +
                          std::to_string(op.index) + ", goes on for ever");
    for (const interest& i : model_.interests())
        check_delivered(i);
    for (const actor& a : actors_.all()) {
        if (!a.handle)
            continue;
        const status s = a.handle->status();
        if (s != status::connected && s != status::closed && !a.plan.wrong_token)
            journal_.fail("client " + std::to_string(a.index) + " is " + std::string(to_string(s)) +
                          " for ever");
        if (s != status::connected)
            continue;
        if (const auto lost = model_.find_unwritten(a.index, model_.messages().size()))
            journal_.fail("message " + std::to_string(*lost) + " was accepted and is not sent");
        if (a.handle->statistics().outbox_bytes != 0 ||
            a.handle->statistics().pending_requests != 0)
            journal_.fail("client " + std::to_string(a.index) + " has something left to do");
    }
}

void invariants::check_ended() {
    for (const operation& op : actors_.operations())
        if (op.completions == 0)
            journal_.fail(std::string(to_string(op.kind)) + ", operation " +
                          std::to_string(op.index) + ", outlives its client");
    for (const actor& a : actors_.all())
        if (a.handle && a.handle->status() != status::closed)
            journal_.fail("client " + std::to_string(a.index) + " does not close");
    for (const interest& i : model_.interests())
        check_delivered(i);
}

void invariants::check_gone() {
    for (const auto& s : network_.servers())
        if (s->core.statistics().connections > 1)
            journal_.fail("a connection is left at a server");
}

} // namespace conats::simulation
