#!/bin/sh
# SPDX-License-Identifier: MIT
# Check the model of the locks of several cores, and that each mutant of it is found. Prints ok and FAIL lines.
set -eu

. "$(dirname "$0")/model.sh"

# explore FLAGS: leaves the verifier's report in ./report; true if it ran to its end.
explore() {
    rm -f pan* ./*.trail
    cp "$here/lock.pml" .
    spin $1 -a lock.pml > /dev/null && gcc -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=3000 \
        -o pan pan.c && timeout 300 ./pan -m1000000 > report 2>&1 &&
        ! grep -q 'max search depth too small\|out of memory' report
}

for cores in 2 3; do
    fine=no
    explore "-DCORES=$cores" && grep -q 'errors: 0' report && fine=yes
    result "lock_model_of_${cores}_cores" "$fine" "wanted: no error; got:"
    echo "note: lock model, $cores cores: $(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' report) states"
done

for mutant in NO_TURN LOWEST PASS_TAKES NO_GOING_FIRST NO_WISH TRY_BEFORE_ASKED TWO_STEPS LOOKS_TOO_SOON; do
    fine=no
    explore "-D$mutant" && grep -q 'assertion violated' report && fine=yes
    result "lock_mutant_$(echo $mutant | tr A-Z a-z)_is_found" "$fine" "wanted: an error; got:"
done
total
