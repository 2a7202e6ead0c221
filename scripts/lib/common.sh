# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# What every script shares. Source it first; it leaves the caller in the project's directory.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$project"

say() { printf '%s\n' "$*" >&2; }

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# usage_on_help "$@": prints the caller's usage() and ends where help is asked for.
usage_on_help() {
    local argument
    for argument in "$@"; do
        case $argument in
            -h | --help)
                usage
                exit 0
                ;;
        esac
    done
}

# run_logged NAME COMMAND...: runs a command with its output in build/log/NAME.log; where it fails,
# shows what matters of that and returns its status.
run_logged() {
    local log=build/log/$1.log status=0
    shift
    mkdir -p build/log
    "$@" </dev/null >"$log" 2>&1 || status=$?
    if ((status != 0)); then
        say "failed: $*"
        if grep -qE '(error|FAILED|Error)' "$log"; then
            grep -nE -m 20 -A 8 '(error:|FAILED:|CMake Error|Error )' "$log" >&2 || true
        fi
        say "the end of $log:"
        tail -n 30 "$log" >&2
    fi
    return "$status"
}

configure_options=() # for cmake, beside the preset

# build PRESET [TARGET...]: configures and builds a preset.
build() {
    local preset=$1 target arguments=()
    shift
    for target in "$@"; do arguments+=(--target "$target"); done
    run_logged "configure-$preset" cmake --preset "$preset" "${configure_options[@]}" &&
        run_logged "build-$preset" cmake --build --preset "$preset" "${arguments[@]}"
}

# Seconds as 1m05s.
as_time() { printf '%dm%02ds' $(($1 / 60)) $(($1 % 60)); }
