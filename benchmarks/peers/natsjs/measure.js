// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";

/** A point in time, and what processor time this process had used by then; seconds. */
export function now() {
    const { user, system } = process.cpuUsage();
    return { time: performance.now() * 1e-3, processor: (user + system) * 1e-6 };
}

function statusOf(name) {
    const found = readFileSync("/proc/self/status", "utf8").match(`${name}:\\s*(\\d+)`);
    return Number(found[1]);
}

function percentile(sorted, part) {
    return sorted[Math.floor((sorted.length - 1) * part)];
}

/** What is printed; `latencies` are those of requests, in microseconds. */
export function resultOf(options, version, { messages, first, last, latencies }) {
    const { scenario, form, size, connections, subscriptions, concurrent } = options;
    const seconds = last.time - first.time;
    const sorted = latencies?.sort() ?? [0];
    return {
        client: "nats.js",
        version,
        scenario,
        form,
        size,
        messages,
        connections,
        subscriptions,
        concurrent,
        seconds,
        rate: messages / seconds,
        processor_us: ((last.processor - first.processor) * 1e6) / messages,
        p50_us: percentile(sorted, 0.5),
        p99_us: percentile(sorted, 0.99),
        p999_us: percentile(sorted, 0.999),
        peak_rss_kib: statusOf("VmHWM"),
        threads: statusOf("Threads"),
    };
}
