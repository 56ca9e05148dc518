# SPDX-License-Identifier: MIT
# For run-*.sh: a folder of its own to work in, and what is said of each result.
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
passed=0
failed=0

# result NAME FINE WHY
result() {
    if [ "$2" = yes ]; then
        echo "ok $1"
        passed=$((passed + 1))
    else
        echo "FAIL $1: $3"
        sed 's/^/    /' report | head -n 20
        failed=$((failed + 1))
    fi
}

# The last line; true if nothing failed.
total() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}
