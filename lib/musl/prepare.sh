#!/bin/sh
# SPDX-License-Identifier: MIT
# Make the headers that musl's own makefile makes: from the package's folder $1, in the folder $2.
set -eu
mkdir -p "$2/bits"
sed -f "$1/tools/mkalltypes.sed" "$1/arch/x86_64/bits/alltypes.h.in" "$1/include/alltypes.h.in" \
    > "$2/bits/alltypes.h"
cp "$1/arch/x86_64/bits/syscall.h.in" "$2/bits/syscall.h"
sed -n -e s/__NR_/SYS_/p "$1/arch/x86_64/bits/syscall.h.in" >> "$2/bits/syscall.h"
printf '#define VERSION "%s"\n' "$(cat "$1/VERSION")" > "$2/version.h"
