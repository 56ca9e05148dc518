#!/bin/sh
# SPDX-License-Identifier: MIT
# Install what a goal of the Makefile needs, by Debian package name. Says nothing if all is there.
# Usage: tools/setup.sh run|iso|test|page|check|bench|fresh|graph ...
set -eu

# What each goal needs, and why. A package is asked for only if it is missing.
packages_of() {
    case $1 in
    build) echo gcc binutils libc6-dev python3-minimal python3 dpkg-dev ;;
    run) packages_of build; echo qemu-system-x86 seabios e2fsprogs ;;
    debug) packages_of run; echo gdb ;;
    iso) packages_of run; echo grub-pc-bin grub-efi-amd64-bin xorriso mtools ovmf ;;
    test) packages_of run; packages_of iso; echo spin fdisk curl iproute2 iputils-ping tcpdump ;;
    page) packages_of run; echo chromium chromium-driver chromium-sandbox fonts-dejavu-core ;;
    bench) packages_of run ;;
    bench-linux) packages_of run; echo musl-tools ;;
    check) packages_of build
           echo clang clang-format clang-tidy cppcheck git libclang-rt-14-dev ;;
    fresh) echo mmdebstrap git ;;
    graph) packages_of build; echo graphviz ;;
    *) echo "tools/setup.sh: unknown goal $1" >&2; exit 2 ;;
    esac
}

why() {
    case $1 in
    gcc | binutils | libc6-dev) echo "compiles the kernel, the programs and the host tests" ;;
    python3*) echo "runs the generators, checkers and test runners" ;;
    qemu-system-x86 | seabios) echo "runs the system in an emulator" ;;
    dpkg-dev) echo "unpacks the source packages that lwIP and musl come from (tools/sources.py)" ;;
    grub-*) echo "starts the system from a CD image, on BIOS and on UEFI" ;;
    xorriso | mtools) echo "makes that image" ;;
    ovmf) echo "is UEFI firmware for the emulator" ;;
    gdb) echo "debugs the system from outside" ;;
    iproute2 | iputils-ping) echo "makes a network link of its own for tests, and sends pings over it" ;;
    tcpdump) echo "judges what the guest sends" ;;
    curl) echo "fetches from the web server in its test" ;;
    musl-tools) echo "compiles the static program that is measured on Linux" ;;
    spin) echo "checks the models of protocols" ;;
    chromium*) echo "looks at the status page as people do (make test-page, and nothing else)" ;;
    fonts-dejavu-core) echo "gives the browser letters to draw with" ;;
    e2fsprogs | fdisk) echo "makes the file systems and partition tables for the emulated disks and the tests" ;;
    clang* | cppcheck | libclang-rt*) echo "second compiler, formatter and checkers" ;;
    git) echo "tells which files belong to the project" ;;
    mmdebstrap) echo "makes a bare Debian to test the set-up in" ;;
    graphviz) echo "draws graphs" ;;
    *) echo "is needed" ;;
    esac
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

wanted=$(for goal in "$@"; do packages_of "$goal"; done | tr ' ' '\n' | sort -u)
missing=
for package in $wanted; do
    is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "Missing:$missing. This is not a Debian; install their like by hand." >&2
    exit 1
fi
echo "Debian packages that are missing and will be installed now by apt-get:"
for package in $missing; do
    echo "  $package: $(why "$package")"
done
as_root=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Neither root nor sudo here. As root:  apt-get install$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
$as_root apt-get -q update
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing
