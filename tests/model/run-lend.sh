#!/bin/sh
# SPDX-License-Identifier: MIT
# Check the model of waiting, lending and timing out, and that each mutant of it is found. Prints ok and
# FAIL lines. With arguments (run-lend.sh -DNEST -DTIMED -DM_NO_REBAND): the shortest trace to an error.
set -eu

. "$(dirname "$0")/model.sh"

# explore FLAGS SEARCH: leaves the verifier's report in ./report; true if it ran to its end.
explore() {
    rm -f pan* ./*.trail
    cp "$here/lend.pml" .
    spin $1 -a lend.pml > /dev/null &&
        gcc -O1 -w -DSAFETY -DNOREDUCE -DMEMLIM=2000 $2 -o pan pan.c &&
        timeout 300 ./pan -m500000 > report 2>&1 &&
        ! grep -q 'max search depth too small\|bytes limit\|out of memory' report
}

# good NAME FLAGS
good() {
    fine=no
    explore "$2" -DCOLLAPSE && grep -q 'errors: 0' report && fine=yes
    result "lend_$1" "$fine" "wanted: no error; got:"
    echo "note: lend model, $1: $(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' report) states," \
        "$(sed -n 's/^pan: elapsed time //p' report)"
}

# harmless NAME CONFIGURATION FLAGS: what the other rules make superfluous; nothing must go wrong without it.
harmless() {
    fine=no
    explore "$3 -DM_$1" -DCOLLAPSE && grep -q 'errors: 0' report && fine=yes
    result "lend_$(echo "$1" | tr 'A-Z' 'a-z')_is_harmless_in_$2" "$fine" "wanted: no error; got:"
}

# mutant NAME FLAGS
mutant() {
    fine=no
    explore "$2 -DM_$1" -DBFS && grep -q 'assertion violated' report && fine=yes
    result "lend_mutant_$(echo "$1" | tr 'A-Z' 'a-z')_is_found" "$fine" "wanted: an error; got:"
}

if [ $# -gt 0 ]; then
    explore "$*" -DBFS || true
    grep 'errors:' report
    ./pan -r 2> /dev/null | grep -v ':init:\|^ *[0-9]*:\|D_STEP\|^spin\|^pan\|vars:\|assert(\|#proc' || true
    exit 0
fi

events="-DNEST -DENV_DEADLINES -DBUDGETS"
good queue "$events -DS_CONTEXT -DYIELD"
good stop "$events -DS_CONTEXT -DSUSPEND -DKILL -DDEFER"
good replace "$events -DS_CONTEXT -DSUSPEND -DKILL -DREPLACE -DFAULTS"
good lock "$events -DS_CONTEXT -DSUSPEND -DKILL -DLOCK"
good holder "$events -DS_CONTEXT -DKILL -DLOCK -DLOCK_HIGH"
good lock_equal "$events -DS_CONTEXT -DEQUAL -DKILL -DLOCK -DLOCK_HIGH -DYIELD"
good mixed "$events -DLOCK -DREPLACE -DDEFER -DYIELD"
good equal "$events -DS_CONTEXT -DEQUAL -DSUSPEND -DKILL -DDEFER -DYIELD"
good time "-DNEST -DTIMED -DS_CONTEXT -DSUSPEND -DFAULTS"
good time_lock "-DNEST -DTIMED -DLOCK"
good time_defer "-DNEST -DTIMED -DDEFER -DKILL"
good time_equal "-DNEST -DTIMED -DS_CONTEXT -DEQUAL"

for m in NO_REINSERT CUT_NO_UPDATE EXHAUST_NO_UPDATE TIMEOUT_KEEPS_EDGE STALE_SERVING TAKE_NO_EDGE \
    NOT_TOLD GONE_STAYS; do
    mutant $m "$events"
done
mutant CURRENT_KEEPS_PLACE "$events -DYIELD"
mutant CURRENT_WAITER_KEEPS_PLACE "$events -DLOCK"
mutant HANDOVER "$events -DLOCK"
mutant OWN_FIRST "$events -DS_CONTEXT -DEQUAL"
mutant LAST_NAMES_HOLDER "$events -DLOCK -DLOCK_HIGH"
mutant WOKEN_TWICE "$events -DS_CONTEXT"
mutant FAULTED_GOES_ON "$events -DKILL -DFAULTS"
for m in DEATH_FORGETS_SERVED DEATH_KEEPS_ENDPOINT; do
    mutant $m "$events -DKILL"
done
for m in REPLACE_NO_MOVE REPLACE_NO_CANCEL; do
    mutant $m "$events -DREPLACE"
done
for m in NO_REBAND NO_COVER_TIMER NO_COVER_BANDS QUEUED_LAZY CALL_NEVER_ARMS NO_CLAMP; do
    mutant $m "-DNEST -DTIMED"
done
mutant DEFER_NO_ARM "-DNEST -DTIMED -DDEFER"
mutant NO_COVER_HAND_OVER "-DNEST -DTIMED -DFAULTS"
mutant NO_COVER_SWITCH "-DNEST -DTIMED -DSUSPEND"
harmless CALL_IGNORES_DISPATCH time_equal "-DNEST -DTIMED -DS_CONTEXT -DEQUAL"
harmless CALL_IGNORES_DISPATCH time "-DNEST -DTIMED -DS_CONTEXT -DSUSPEND -DFAULTS"
total
