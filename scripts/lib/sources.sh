# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# The C++ sources that are formatted and checked.

cxx_sources() {
    local directory existing=()
    for directory in include lib tests examples benchmarks; do
        if [[ -d $directory ]]; then existing+=("$directory"); fi
    done
    find "${existing[@]}" -type f \( -name '*.hpp' -o -name '*.cpp' -o -name '*.h' -o -name '*.c' \) \
        -not -path 'tests/layers/fixture/*' | sort
}
