# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# Clean Debian systems to try things in, below build/chroot. Sourced after common.sh and packages.sh;
# needs root, and debootstrap (group packages).

readonly chroots=$project/build/chroot

# The suite, and where this machine's apt gets it from: one "URI suite component" a line.
debian_sources() {
    # shellcheck disable=SC2016 # the words are apt's
    apt-get indextargets --format '$(ORIGIN)|$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        sed -n 's/^Debian|//p' | sort -u
}

# Prints the path of the archive of a minimal system, making it first where it is not there.
chroot_base() {
    local suite archive mirror
    suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    archive=$chroots/$suite.tar
    if [[ -f $archive ]]; then
        printf '%s\n' "$archive"
        return 0
    fi
    mirror=$(debian_sources | awk -v suite="$suite" '$2 == suite && $3 == "main" { print $1; exit }')
    [[ -n $mirror ]] || die "apt gets no suite '$suite' of Debian on this machine"
    say "making a minimal $suite from $mirror, once, in ${chroots#"$project/"}"
    rm -rf "$chroots/$suite.new"
    mkdir -p "$chroots" build/log
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$chroots/$suite.new" "$mirror" \
        >build/log/debootstrap.log 2>&1 || die "debootstrap failed, see build/log/debootstrap.log"
    tar -C "$chroots/$suite.new" --one-file-system -cf "$archive.new" .
    rm -rf "$chroots/$suite.new"
    mv "$archive.new" "$archive"
    printf '%s\n' "$archive"
}

# new_chroot NAME: sets chroot to the directory of a system of that name, made anew, with this
# machine's way to the network. It is removed when the script ends.
new_chroot() {
    local base
    ((EUID == 0)) || die "a clean Debian is made by root"
    base=$(chroot_base)
    chroot=$chroots/$1
    rm -rf "$chroot"
    mkdir -p "$chroot" "$chroots/archives/partial"
    trap 'rm -rf "$chroot"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    tar -C "$chroot" -xf "$base"
    debian_sources | sed 's/^/deb /' >"$chroot/etc/apt/sources.list"
    cp -L /etc/resolv.conf /etc/hosts "$chroot/etc/"
    # The certificates that this machine trusts.
    cp -L /etc/ssl/certs/ca-certificates.crt "$chroot/etc/ssl/certs/ca-certificates.crt"
}

# in_chroot [--alone] COMMAND...: runs a command in $chroot, as root, in its home directory. All that it
# starts ends with it, and nothing stays mounted. Packages that were fetched are kept for the next
# system. --alone: in a network that has nothing but localhost.
in_chroot() {
    local setting passed=() network=()
    if [[ $1 == --alone ]]; then
        network=(--net)
        shift
    fi
    while read -r setting; do passed+=("$setting"); done < <(
        env | grep -E '^((http|https|no|all|ftp)_proxy|(HTTP|HTTPS|NO|ALL|FTP)_PROXY|GOPROXY|PIP_INDEX_URL|CI|CONATS_[A-Z_]*)='
    )
    # shellcheck disable=SC2016 # for the inner shell
    unshare --mount --pid --fork --kill-child "${network[@]}" bash -c '
        set -e
        ip link set lo up
        root=$1 archives=$2
        shift 2
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        mount --bind "$archives" "$root/var/cache/apt/archives"
        cd "$root"
        exec chroot . /bin/sh -c "cd /root && exec \"\$@\"" sh "$@"
    ' bash "$chroot" "$chroots/archives" env -i HOME=/root TERM="${TERM:-dumb}" LC_ALL=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        DEBIAN_FRONTEND=noninteractive "${passed[@]}" "$@"
}
