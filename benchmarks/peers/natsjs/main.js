// SPDX-License-Identifier: Apache-2.0

// The scenarios with nats.js, written as its users write for speed: payloads published from where
// they are, subscriptions with a callback or as an iterator, one promise for each request that is
// under way.

import { createRequire } from "node:module";

import { fail } from "./connect.js";
import { resultOf } from "./measure.js";
import { parseOptions } from "./options.js";
import { scenarios } from "./scenarios.js";

const { version } = createRequire(import.meta.url)("@nats-io/transport-node/package.json");
const options = parseOptions(scenarios);
try {
    const measured = await scenarios[options.scenario].run(options);
    console.log(JSON.stringify(resultOf(options, version, measured)));
    process.exit(0);
} catch (error) {
    fail(error);
}
