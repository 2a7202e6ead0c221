// SPDX-License-Identifier: Apache-2.0
#include "bench_text.hpp"

#include "text.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

namespace tool {

namespace {

std::string row(std::string_view name, const std::string& value) {
    std::string line(3, ' ');
    line.append(name).append(16 - name.size(), ' ').append(value);
    return line + '\n';
}

std::string seconds_text(double seconds) {
    using seconds_type = std::chrono::duration<double>;
    return duration_text(
        std::chrono::duration_cast<std::chrono::nanoseconds>(seconds_type(seconds)));
}

std::uint64_t per_second(std::uint64_t count, double seconds) {
    return seconds > 0 ? static_cast<std::uint64_t>(static_cast<double>(count) / seconds) : 0;
}

} // namespace

std::string progress_bar(std::uint64_t done, std::uint64_t all, double seconds, std::size_t width) {
    const double part =
        all == 0 ? 1 : std::min(1.0, static_cast<double>(done) / static_cast<double>(all));
    const auto filled = static_cast<std::size_t>(part * static_cast<double>(width));
    std::string bar(filled, '=');
    if (filled != width)
        bar += '>';
    bar.resize(width, ' ');
    return '[' + bar + "] " + std::to_string(static_cast<int>(part * 100)) + " % " +
           number_text(per_second(done, seconds)) + "/s";
}

std::string bench_table(const bench_settings& s, const bench_result& r) {
    const double count = static_cast<double>(r.messages);
    const std::string_view what = s.kind == "request" ? "request" : "message";
    std::string text = "conats bench " + s.kind + ' ' + in_quotes(s.subject) + ": " +
                       count_text(r.messages, what) + " of " +
                       bytes_text(static_cast<double>(r.size)) + ", " +
                       count_text(r.connections, "client") + "\n\n";
    text += row("rate", number_text(per_second(r.messages, r.seconds)) + "/s");
    text += row("payload",
                bytes_text(static_cast<double>(per_second(r.messages * r.size, r.seconds))) + "/s");
    text += row("time", seconds_text(r.seconds));
    text += row("processor", seconds_text(r.processor_seconds / count) + " each");
    if (r.p50 > 0) {
        text += row("latency p50", seconds_text(r.p50 * 1e-6));
        text += row("latency p99", seconds_text(r.p99 * 1e-6));
        text += row("latency p99.9", seconds_text(r.p999 * 1e-6));
    }
    return text;
}

} // namespace tool
