# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# Which packages the project needs, by group, and how the missing ones are installed. Sourced after
# common.sh. Only Debian's names are known; elsewhere just the commands are checked.

# group_packages GROUP: one "package command" a line; a command in PATH counts as the package, "-"
# where a package brings none.
group_packages() {
    local boost=libboost suffix=""
    case $1 in
        build)
            # Debian 12 has Boost 1.81 beside the 1.74 that its plain names mean.
            if grep -qsx 'VERSION_ID="12"' /etc/os-release; then suffix=1.81; fi
            printf '%s\n' "cmake cmake" "ninja-build ninja" "g++ g++" \
                "$boost$suffix-dev -" "$boost-url$suffix-dev -" "$boost-json$suffix-dev -" \
                "libsimdjson-dev -" "libssl-dev -" "libcli11-dev -"
            ;;
        test) printf '%s\n' "catch2 -" "git git" "patch patch" "pkg-config pkg-config" "python3 python3" ;;
        browser) printf '%s\n' "chromium chromium" ;;
        llvm) printf '%s\n' "clang-19 clang++-19" "lld-19 ld.lld-19" "libclang-rt-19-dev -" \
                "libc++-19-dev -" "libc++abi-19-dev -" ;;
        check) printf '%s\n' "clang-format-19 clang-format-19" "clang-tidy-19 clang-tidy-19" "gcovr gcovr" ;;
        format) printf '%s\n' "clang-format-19 clang-format-19" ;;
        gates) printf '%s\n' "libbenchmark-dev -" "python3 python3" "valgrind valgrind" ;;
        package) printf '%s\n' "dpkg-dev dpkg-shlibdeps" "file file" "help2man help2man" ;;
        packages) printf '%s\n' "debootstrap debootstrap" "iproute2 ip" "lintian lintian" ;;
        bench)
            # munkres, because apt picks the other library that matplotlib's fonts may use, which comes
            # with Boost 1.74, and then finds no way to keep 1.81 beside it.
            printf '%s\n' "libbenchmark-dev -" "libnats-dev -" "python3 python3" "python3-munkres -" \
                "python3-matplotlib -" "strace strace" "valgrind valgrind"
            ;;
        docs) printf '%s\n' "mkdocs mkdocs" "mkdocs-material -" "doxygen doxygen" "python3 python3" ;;
        *) die "no package group is called '$1'" ;;
    esac
}

group_reason() {
    case $1 in
        build) echo "to build the library and its tool" ;;
        test) echo "to build the tests" ;;
        llvm) echo "for ThreadSanitizer, libFuzzer, the build with clang and std::format" ;;
        browser) echo "to test the chat of examples/apps in a browser" ;;
        check) echo "for format, static analysis and coverage" ;;
        format) echo "to format the sources" ;;
        gates) echo "to count what operations cost" ;;
        package) echo "to make Debian packages" ;;
        packages) echo "to try packages and scripts in a clean Debian" ;;
        bench) echo "to build the benchmarks and compare their results" ;;
        docs) echo "to build the site of docs/" ;;
    esac
}

package_is_there() {
    local package=$1 command=$2
    if [[ $command != - ]] && command -v "$command" >/dev/null; then return 0; fi
    if ! command -v dpkg-query >/dev/null; then
        # Not Debian: what is no command is left for CMake to find.
        [[ $command == - ]]
        return
    fi
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == "install ok installed" ]]
}

# missing_packages GROUP: the names of those that are not there.
missing_packages() {
    local package command
    while read -r package command; do
        package_is_there "$package" "$command" || printf '%s\n' "$package"
    done < <(group_packages "$1")
}

# as_root COMMAND...: with sudo where that asks no password.
as_root() {
    if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

apt_knows() {
    local package
    for package in "$@"; do
        apt-cache show --no-all-versions "$package" >/dev/null 2>&1 || return 1
    done
}

# update_index: fetches the package index, once a run.
update_index() {
    if [[ -n ${CONATS_INDEX_IS_NEW:-} ]]; then return 0; fi
    as_root apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 update >>build/log/apt.log 2>&1 || true
    export CONATS_INDEX_IS_NEW=1
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 -o Dpkg::Use-Pty=0 \
        install "$@" >>build/log/apt.log 2>&1
}

# ensure_group GROUP: installs what is missing of a group, saying so in one line.
ensure_group() {
    local missing why
    mapfile -t missing < <(missing_packages "$1")
    if ((${#missing[@]} == 0)); then return 0; fi
    why=$(group_reason "$1")

    if ! command -v apt-get >/dev/null; then
        die "missing $why, and no apt-get to install it: ${missing[*]} (Debian's names)"
    fi
    if ((EUID != 0)) && ! sudo -n true 2>/dev/null; then
        die "missing $why; run this as root: apt-get install ${missing[*]}"
    fi
    say "installing $why: ${missing[*]}"
    mkdir -p build/log
    apt_knows "${missing[@]}" || update_index
    if ! apt_knows "${missing[@]}"; then
        die "cannot install ${missing[*]} ($why): the package index is out of reach or does not have them; no network? See build/log/apt.log"
    fi
    # A stale index names files that are gone: fetch it anew and try once more.
    apt_install "${missing[@]}" || { update_index && apt_install "${missing[@]}"; } ||
        die "cannot install ${missing[*]} ($why): apt-get failed; no network? See build/log/apt.log"
    mapfile -t missing < <(missing_packages "$1")
    if ((${#missing[@]} > 0)); then die "apt-get did not install ${missing[*]}; see build/log/apt.log"; fi
}
