// SPDX-License-Identifier: Apache-2.0

import { connect } from "@nats-io/transport-node";

/** Ends the program with a message. */
export function fail(error) {
    console.error(`natsjs: ${error.message}`);
    process.exit(1);
}

async function connectOne(servers, token) {
    // Without asynchronous traces, as its documentation advises for the speed of requests.
    const nc = await connect({ servers, token, reconnect: false, noAsyncTraces: true });
    // Nothing here closes a connection.
    nc.closed().then((error) => fail(error ?? new Error("the connection was closed")));
    return nc;
}

/** As many connections as the options say; a user without a password in the URL is a token. */
export async function connectAll(options) {
    const url = new URL(options.server);
    const token = url.username ? decodeURIComponent(url.username) : undefined;
    const connections = [];
    for (let i = 0; i < options.connections; ++i) {
        connections.push(await connectOne(url.host, token));
    }
    return connections;
}
