#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Copy a folder over another, leaving files alone whose contents are the same.

So a generator that writes everything makes only the users of what changed rebuild.
Files that the new folder lacks are removed from the old one.
"""
import filecmp
import os
import shutil
import sys


def files_in(top):
    for folder, _, names in os.walk(top):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), top)


def main(source, target):
    wanted = set(files_in(source))
    for name in sorted(wanted):
        old, new = os.path.join(target, name), os.path.join(source, name)
        if not os.path.exists(old) or not filecmp.cmp(old, new, shallow=False):
            os.makedirs(os.path.dirname(old), exist_ok=True)
            shutil.copyfile(new, old)
    for name in set(files_in(target)) - wanted - {"stamp.mk"}:
        os.unlink(os.path.join(target, name))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
