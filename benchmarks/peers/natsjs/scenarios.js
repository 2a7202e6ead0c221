// SPDX-License-Identifier: Apache-2.0

import { headers } from "@nats-io/transport-node";

import { connectAll, fail } from "./connect.js";
import { now } from "./measure.js";

// Bytes, more or less, that a publisher hands over before it waits until the server has those of
// the time before: what is published in one turn of the event loop stays in memory until it ends.
const BURST = 1024 * 1024;

/** The part of `count` that the one of `of` with this index does. */
function share(count, index, of) {
    return Math.floor(count / of) + (index < count % of ? 1 : 0);
}

function newPayload(options) {
    return new Uint8Array(options.size).fill("p".charCodeAt(0));
}

function newHeaders() {
    const h = headers();
    h.set("Nats-Msg-Id", "1");
    h.set("Trace", "0123456789abcdef");
    return h;
}

async function publishAll(nc, subject, payload, count, withHeaders) {
    const atOnce = Math.ceil(BURST / (payload.length + 40));
    let flushed;
    for (let i = 1; i <= count; ++i) {
        if (withHeaders) {
            nc.publish(subject, payload, { headers: newHeaders() });
        } else {
            nc.publish(subject, payload);
        }
        if (i % atOnce === 0) {
            await flushed;
            flushed = nc.flush();
        }
    }
    await nc.flush();
}

async function publish(o) {
    const connections = await connectAll(o);
    const payload = newPayload(o);
    const first = now();
    await Promise.all(connections.map((nc, i) =>
        publishAll(nc, `bench.${i}`, payload, share(o.count, i, o.connections), o.headers)
    ));
    return { messages: o.count, first, last: now() };
}

/** What all subscriptions together have received. */
class Tally {
    count = 0;
    bytes = 0;

    constructor(expected) {
        this.expected = expected;
        this.done = new Promise((resolve) => this.complete = resolve);
    }

    take(m) {
        if (this.count === 0) {
            this.first = now();
        }
        this.bytes += m.data.length;
        if (++this.count === this.expected) {
            this.last = now();
            this.complete();
        }
    }

    async takeAll(subscription) {
        for await (const m of subscription) {
            this.take(m);
        }
    }

    subscribe(nc, subject, form) {
        if (form === "next") {
            this.takeAll(nc.subscribe(subject)).catch(fail);
            return;
        }
        nc.subscribe(subject, {
            callback: (error, m) => error ? fail(error) : this.take(m),
        });
    }

    report(options, first = this.first) {
        if (this.bytes !== this.count * options.size) {
            throw new Error("received payloads of the wrong size");
        }
        return { messages: this.count, first, last: this.last };
    }
}

/** Every subscription receives every message. */
async function subscribe(o) {
    const tally = new Tally(o.count * o.connections * o.subscriptions);
    for (const nc of await connectAll(o)) {
        for (let i = 0; i < o.subscriptions; ++i) {
            tally.subscribe(nc, "bench.0", o.form);
        }
        await nc.flush();
    }
    console.log("ready");
    await tally.done;
    return tally.report(o);
}

/** Every connection receives what it has published itself. */
async function publishSubscribe(o) {
    const tally = new Tally(o.count);
    const connections = await connectAll(o);
    const payload = newPayload(o);
    for (const [i, nc] of connections.entries()) {
        tally.subscribe(nc, `bench.${i}`, o.form);
        await nc.flush();
    }
    const first = now();
    await Promise.all(connections.map((nc, i) =>
        publishAll(nc, `bench.${i}`, payload, share(o.count, i, o.connections), false)
    ));
    await tally.done;
    return tally.report(o, first);
}

async function call(nc, payload, latencies) {
    for (let i = 0; i < latencies.length; ++i) {
        const began = performance.now();
        const reply = await nc.request("bench.0", payload, { timeout: 5000 });
        latencies[i] = (performance.now() - began) * 1e3;
        if (reply.data.length !== payload.length) {
            throw new Error("a reply of the wrong size");
        }
    }
}

/** The callers share the connections evenly. */
async function request(o) {
    const connections = await connectAll(o);
    const payload = newPayload(o);
    const latencies = new Float64Array(o.count);
    const callers = [];
    const first = now();
    for (let i = 0, from = 0; i < o.concurrent; ++i) {
        const end = from + share(o.count, i, o.concurrent);
        callers.push(call(connections[i % o.connections], payload, latencies.subarray(from, end)));
        from = end;
    }
    await Promise.all(callers);
    return { messages: o.count, first, last: now(), latencies };
}

/** The first form is the default. */
export const scenarios = {
    pub: { forms: ["publish"], run: publish },
    sub: { forms: ["handler", "next"], run: subscribe },
    pubsub: { forms: ["handler", "next"], run: publishSubscribe },
    request: { forms: ["request"], run: request },
};
