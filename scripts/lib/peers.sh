# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# Builds the benchmarks of clients in other languages into build/bench/peers, each where its tools
# are. Sourced after common.sh.

# build_peer NAME TOOL COMMAND...
build_peer() {
    local name=$1 tool=$2 log=$project/build/log/peer-$1.log
    shift 2
    if ! command -v "$tool" >/dev/null; then
        say "$name is left out: there is no $tool"
        return 0
    fi
    "$@" >"$log" 2>&1 || say "$name is left out: it does not build, see ${log#"$project/"}"
}

build_natsjs() {
    local to=build/bench/peers/natsjs
    mkdir -p "$to"
    cp benchmarks/peers/natsjs/*.js benchmarks/peers/natsjs/*.json "$to"
    npm ci --prefix "$to" --no-audit --no-fund --loglevel=error
}

build_peers() {
    mkdir -p build/bench/peers build/log
    say "building the peers"
    build_peer nats.go go \
        go build -C benchmarks/peers/natsgo -trimpath -o "$project/build/bench/peers/natsgo/natsgo" .
    build_peer async-nats cargo \
        cargo build --locked --release --manifest-path benchmarks/peers/asyncnats/Cargo.toml \
        --target-dir build/bench/peers/asyncnats
    build_peer nats.js npm build_natsjs
}
