# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# Runs steps one after another, whether or not one fails, and sums them up. Sourced after common.sh.

step_lines=()    # of the closing table
tests_passed=0
tests_failed=0
tests_skipped=0
steps_failed=0
step_outcome=ok  # of the step that ran last
step_counts=""   # what the running step has to say for itself

# step NAME COMMAND...
step() {
    local name=$1 began=$SECONDS
    step_outcome=ok
    shift
    step_counts=""
    say "== $name"
    if ! "$@"; then
        step_outcome=FAILED
        steps_failed=$((steps_failed + 1))
    fi
    say "== $name: $step_outcome, $(as_time $((SECONDS - began)))"
    step_lines+=("$(printf '%-44s %-7s %8s  %s' "$name" "$step_outcome" "$(as_time $((SECONDS - began)))" "$step_counts")")
}

# run_tests NAME CTEST-ARGUMENT...: runs ctest, shows failures, and counts what it ran.
run_tests() {
    local report=$project/build/log/tests-$1.xml status=0 tests failures skipped
    count() { grep -cE "$1" "$report" || true; }
    shift
    rm -f "$report"
    mkdir -p build/log
    ctest "$@" --output-on-failure --no-tests=error --output-junit "$report" </dev/null >&2 || status=$?
    if [[ ! -s $report ]]; then
        tests_failed=$((tests_failed + 1))
        step_counts="no test ran"
        return 1
    fi
    # What ctest could not run at all is no skipped test but a failed one.
    tests=$(count '<testcase ')
    skipped=$(count '<skipped message="SKIP_|status="disabled"')
    failures=$((tests - skipped - $(count '<testcase .*status="run"')))
    tests_passed=$((tests_passed + tests - failures - skipped))
    tests_failed=$((tests_failed + failures))
    tests_skipped=$((tests_skipped + skipped))
    step_counts="$((tests - failures - skipped)) passed, $failures failed, $skipped skipped"
    if ((skipped > 0)); then
        say "skipped:"
        { grep -oE 'conats-test-skipped: [^<]*' "$report" || true; } | sort | uniq -c >&2
    fi
    # A run that says it failed without a failed test found no test, or could not run one.
    if ((status != 0 && failures == 0)); then tests_failed=$((tests_failed + 1)); fi
    return "$status"
}

# sum_up: the table, the line that counts, and the exit.
sum_up() {
    printf '\n'
    printf '%s\n' "${step_lines[@]}"
    printf 'in all: %s\n\n' "$(as_time "$SECONDS")"
    # A step that failed without a failed test, say by not building, counts as one.
    if ((tests_failed < steps_failed)); then tests_failed=$steps_failed; fi
    printf '%d passed, %d failed, %d skipped\n' "$tests_passed" "$tests_failed" "$tests_skipped"
    ((tests_failed == 0 && steps_failed == 0))
}
