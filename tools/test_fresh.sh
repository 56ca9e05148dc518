#!/bin/sh
# SPDX-License-Identifier: MIT
# Make a bare Debian 12 with git and make, clone the last commit into it, run `make test` there.
# So the set-up is tried that a stranger's machine goes through. Packages come from where this
# machine's apt gets them. Usage: tools/test_fresh.sh [goal ...]
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
suite=bookworm
"$top/tools/setup.sh" fresh
if [ "$(id -u)" != 0 ]; then
    echo "A Debian in a folder needs root; asking sudo."
    exec sudo "$0" "$@"
fi

folder=$(mktemp -d)
root=$folder/debian
cleanup() {
    for mount in dev proc; do
        if mountpoint -q "$root/$mount"; then
            umount -l "$root/$mount"
        fi
    done
    for mount in dev proc; do
        if mountpoint -q "$root/$mount"; then
            echo "$root/$mount is still mounted; $folder is left" >&2
            return
        fi
    done
    rm -rf --one-file-system "$folder"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# Where packages come from, and how: both from this machine's own configuration.
apt-get indextargets --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    grep " $suite" | sort -u > "$folder/sources.list"
if [ ! -s "$folder/sources.list" ]; then
    echo "apt on this machine knows no source of $suite; run apt-get update" >&2
    exit 1
fi
set -- "${@:-test}"
options=
for file in /etc/apt/apt.conf.d/*; do
    if grep -q '^ *Acquire' "$file"; then
        options="$options --aptopt=$file"
    fi
done

echo "Making a bare Debian ..."
mmdebstrap --quiet --variant=minbase --include=ca-certificates,git,make $options \
    "$suite" "$root" "$folder/sources.list"
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --make-rslave "$root/dev"

git -c safe.directory='*' clone -q --no-local "$top" "$root/home/pith"
echo "In it: make $*"
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    chroot "$root" sh -c 'cd /home/pith && make -j"$(nproc)" "$@"' sh "$@"
