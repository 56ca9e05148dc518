#!/bin/sh
# SPDX-License-Identifier: MIT
# Check the model of the ring, and that each mutant of it is found. Prints ok and FAIL lines.
set -eu

. "$(dirname "$0")/model.sh"

# explore FLAGS: leaves the verifier's report in ./report; true if the whole model was searched.
explore() {
    rm -f pan* ./*.trail
    spin $1 -a "$here/ring.pml" > /dev/null && gcc -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=6000 \
        -o pan pan.c && timeout 600 ./pan -m100000 > report 2>&1 &&
        ! grep -q 'max search depth too small\|out of memory' report
}

fine=no
explore "" && grep -q 'errors: 0' report && fine=yes
result ring_model "$fine" "wanted: no error; got:"
echo "note: ring model: $(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' report) states"

for mutant in NO_RECHECK NO_FENCE NO_RELEASE; do
    fine=no
    explore "-D$mutant" && grep -q 'errors: [1-9]' report && fine=yes
    result "ring_mutant_$(echo $mutant | tr A-Z a-z)_is_found" "$fine" "wanted: an error; got:"
done
total
