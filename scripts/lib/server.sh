# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# One nats-server with a random token, for as long as the calling script runs. Sourced after
# common.sh.

# start_server PROGRAM: sets server_port (chosen by the server) and server_token, and has the
# server stopped when the script ends, however it ends.
start_server() {
    local ports waited=0
    server_directory=$(mktemp -d)
    server_pid=""
    trap stop_server EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM

    server_token=$(od -An -N 16 -tx1 /dev/urandom | tr -d ' \n')
    # In a file, since arguments are shown to every user of the machine; mktemp keeps it private.
    cat >"$server_directory/server.conf" <<CONF
host: 127.0.0.1
port: -1
ports_file_dir: "$server_directory"
authorization { token: "$server_token" }
CONF
    "$1" -c "$server_directory/server.conf" >"$server_directory/log" 2>&1 &
    server_pid=$!

    ports=$server_directory/$(basename "$1")_$server_pid.ports
    until server_port=$(sed -n 's/.*nats:\/\/[^"]*:\([0-9]*\)".*/\1/p' "$ports" 2>/dev/null) &&
        [[ -n $server_port ]]; do
        if ! kill -0 "$server_pid" 2>/dev/null; then
            tail -n 5 "$server_directory/log" >&2
            die "nats-server did not start"
        fi
        if ((++waited > 200)); then die "nats-server did not name its port within 20 s"; fi
        sleep 0.1
    done
}

stop_server() {
    if [[ -n $server_pid ]]; then
        kill "$server_pid" 2>/dev/null || true
        wait "$server_pid" 2>/dev/null || true
    fi
    rm -rf "$server_directory"
}
