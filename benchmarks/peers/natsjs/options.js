// SPDX-License-Identifier: Apache-2.0

import { parseArgs } from "node:util";

function usage(scenarios) {
    console.error(`usage: SCENARIO --count N [--form FORM] [--size N] [--connections N]
       [--subscriptions N] [--concurrent N] [--headers]
with the server in NATS_URL. Scenarios and their forms:`);
    for (const [name, { forms }] of Object.entries(scenarios)) {
        console.error(`  ${name.padEnd(10)} ${forms.join(" ")}`);
    }
    process.exit(2);
}

function parse() {
    const number = (value) => ({ type: "string", default: value });
    return parseArgs({
        allowPositionals: true,
        options: {
            form: { type: "string" },
            size: number("16"),
            count: number("0"),
            connections: number("1"),
            subscriptions: number("1"),
            concurrent: number("1"),
            headers: { type: "boolean", default: false },
        },
    });
}

/** The command line; `scenarios` are objects with `forms` by name. */
export function parseOptions(scenarios) {
    let parsed;
    try {
        parsed = parse();
    } catch (error) {
        console.error(error.message);
        usage(scenarios);
    }
    const { values: o, positionals } = parsed;
    for (const name of ["size", "count", "connections", "subscriptions", "concurrent"]) {
        if (!/^\d+$/.test(o[name])) {
            usage(scenarios);
        }
        o[name] = Number(o[name]);
    }
    o.server = process.env.NATS_URL;
    o.scenario = positionals[0];
    if (
        positionals.length !== 1 || !o.server || !Object.hasOwn(scenarios, o.scenario) ||
        Math.min(o.count, o.connections, o.subscriptions, o.concurrent) < 1
    ) {
        usage(scenarios);
    }
    const { forms } = scenarios[o.scenario];
    o.form ??= forms[0];
    if (!forms.includes(o.form)) {
        usage(scenarios);
    }
    return o;
}
