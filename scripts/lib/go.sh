# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# Builds programs of the NATS project with Go into build/tools. Sourced after common.sh.

# find_go MINIMUM: prints the path of a Go 1.MINIMUM or later.
find_go() {
    local go version
    for go in "$(command -v go)" /usr/local/go/bin/go; do
        if [[ -x $go ]]; then
            version=$(GOTOOLCHAIN=local "$go" env GOVERSION 2>/dev/null)
            if [[ $version =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= $1)); then
                printf '%s\n' "$go"
                return 0
            fi
        fi
    done
    return 1
}

# built_with_go NAME VERSION GO-MINIMUM MODULE [DIRECTORY]: prints the path of the program, building
# it first where it is not there. DIRECTORY is where it lies in its module.
built_with_go() {
    local name=$1 version=$2 module=$4 go directory=$project/build/tools log=build/log/$1.log
    local program=$directory/$name-$version/$name
    if [[ -x $program ]]; then
        printf '%s\n' "$program"
        return 0
    fi
    go=$(find_go "$3") || return 1
    mkdir -p "$directory" build/log
    (
        flock 9
        if [[ -x $program ]]; then exit 0; fi
        export GOTOOLCHAIN=local GOFLAGS=-mod=mod GOBIN=$directory/partial
        if ! timeout 60 "$go" list -m "$module@v$version" >"$log" 2>&1; then
            say "$name v$version cannot be built: Go's module proxy does not answer"
            exit 1
        fi
        say "building $name v$version with $("$go" env GOVERSION), once, into build/tools"
        timeout 900 "$go" install "$module${5:+/$5}@v$version" >>"$log" 2>&1 || {
            say "$name v$version does not build; see $log"
            exit 1
        }
        mkdir -p "${program%/*}"
        mv "$GOBIN/$name" "$program"
    ) 9>"$directory/lock" || return 1
    printf '%s\n' "$program"
}
