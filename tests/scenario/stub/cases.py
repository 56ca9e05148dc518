# SPDX-License-Identifier: MIT
"""What a scenario does that is no conversation: its arguments, and its cases one after the other."""
import argparse
import sys


def arguments(about, timeout_s):
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--build", default="build")
    parser.add_argument("--timeout", type=float, default=timeout_s, help="seconds for each")
    return parser.parse_args()


def conclude(results):
    """Says of each (name, what is wrong or None) how it went, and of all, and ends with a status."""
    passed = failed = 0
    for name, wrong in results:
        print(f"FAIL {name}: {wrong}" if wrong else f"ok {name}", flush=True)
        failed += bool(wrong)
        passed += not wrong
    print(f"{passed} passed, {failed} failed")
    sys.exit(0 if passed and not failed else 1)
