#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make the disk that the benchmarks of files read: an ext4 image with /big (64 MiB) and /1 .. /16 (1 MiB each).

    tools/bench_disk.py IMAGE

Each word of eight bytes is its own number in the file, with the file's number (/big: 0) in the upper half, so that
bytes from elsewhere show (bench/files/check.h).
"""
import array
import os
import subprocess
import sys
import tempfile

MIB = 1 << 20
BIG_BYTES = 64 * MIB
SMALL_FILES = 16


def write(path, number, size):
    first = number << 32
    with open(path, "wb") as file:
        file.write(array.array("Q", range(first, first + size // 8)).tobytes())


def main():
    image = sys.argv[1]
    if os.path.exists(image):
        os.unlink(image)
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    with tempfile.TemporaryDirectory() as folder:
        write(f"{folder}/big", 0, BIG_BYTES)
        for number in range(1, SMALL_FILES + 1):
            write(f"{folder}/{number}", number, MIB)
        subprocess.run(["mkfs.ext4", "-q", "-b", "4096", "-L", "bench", "-d", folder, image, "128M"], check=True)


if __name__ == "__main__":
    main()
