// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/raw_process.h"

#include <cerrno>
#include <string>
#include <system_error>

namespace bench {

/// Holds a process of common/raw_process.h.
class raw_process {
public:
    raw_process() = default;
    raw_process(const raw_process&) = delete;
    raw_process& operator=(const raw_process&) = delete;
    ~raw_process() { bench_stop_process(process_); }

    void publish(const std::string& server, const std::string& subject, std::uint64_t size,
                 std::uint64_t count) {
        hold(bench_start_publisher(server.c_str(), subject.c_str(), size, count));
    }
    /// Returns its address.
    std::string serve(std::uint64_t size, std::uint64_t count) {
        char url[64];
        hold(bench_start_server(size, count, url, sizeof url));
        return url;
    }
    void respond(const std::string& server, const std::string& subject) {
        hold(bench_start_responder(server.c_str(), subject.c_str()));
    }

private:
    void hold(pid_t process) {
        if (process < 0)
            throw std::system_error(errno, std::generic_category(), "the raw peer");
        process_ = process;
    }

    pid_t process_ = -1;
};

} // namespace bench
