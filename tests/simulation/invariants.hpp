// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors.hpp"
#include "journal.hpp"
#include "model.hpp"
#include "network.hpp"

namespace conats::simulation {

/// What has to hold whenever nothing is ready to run.
class invariants {
public:
    invariants(network& n, model& m, actors& a, journal& j)
        : network_(n),
          model_(m),
          actors_(a),
          journal_(j) {}

    void check_always();
    /// When the network has been well for long: every wait is over but those for messages, every
    /// client that may be is connected, and everything that came was delivered.
    void check_settled();
    /// When every client has ended.
    void check_ended();
    /// When every handle has gone as well.
    void check_gone();

private:
    void check_deadlines();
    void check_limits(const interest& i);
    void check_end(const interest& i);
    void check_status(actor& a);
    void check_subscriptions(const actor& a);
    void check_delivered(const interest& i);

    network& network_;
    model& model_;
    actors& actors_;
    journal& journal_;
};

} // namespace conats::simulation
