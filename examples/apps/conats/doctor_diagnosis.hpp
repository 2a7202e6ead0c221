// SPDX-License-Identifier: Apache-2.0
// From what happened to what it means. All of this is pure.
#pragma once

#include "doctor_facts.hpp"
#include "doctor_report.hpp"

#include <conats/connect_attempt.hpp>
#include <conats/error.hpp>
#include <conats/server_info.hpp>

#include <optional>

namespace tool {

/// All that is known of an attempt that failed.
struct failed_attempt {
    conats::connect_attempt attempt;
    std::optional<conats::server_info> info; ///< the server's INFO, if it came
    neighbour found;
    std::optional<wall_time> credentials_expire; ///< as the JWT says
    wall_time now;
    credential_kind presented = credential_kind::none;
    bool asked_for_tls = false;   ///< by an option or the address
    bool has_certificate = false; ///< of this client
};

/// Why the attempt failed, at the step where it did.
[[nodiscard]] finding diagnose(const failed_attempt& f);

/// Why a step failed on a connection that stands, or stood.
[[nodiscard]] finding diagnose(step s, const conats::error& e);

} // namespace tool
