#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/bench_locks.py: what it tells the plugin, and what it reads of that."""
import os
import re
import struct
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
import bench_locks  # noqa: E402


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Marks(unittest.TestCase):
    def test_addresses_get_names(self):
        section = struct.pack("<QQQQ", 0xffffffff80201000, 3, 0xffffffff80202000, 9)
        self.assertEqual(bench_locks.marks(section, {3: "HAS_ALL", 9: "HAS_OWN"}),
                         ["ffffffff80201000 HAS_ALL\n", "ffffffff80202000 HAS_OWN\n"])

    def test_a_number_without_a_name_fails(self):
        with self.assertRaises(KeyError):
            bench_locks.marks(struct.pack("<QQ", 0xffffffff80201000, 99), {3: "HAS_ALL"})

    def test_the_plugin_knows_the_names_of_the_kernel(self):
        names = bench_locks.mark_names(text_of(bench_locks.NAMES))
        known = re.search(r"enum kind \{(.*?), LETS_IN", re.sub(r"\s+", " ", text_of("bench/plugin/locks.c")))
        self.assertEqual(sorted(names), list(range(len(names))))
        self.assertEqual(list(names.values()), known[1].replace(" ", "").split(","))


class Report(unittest.TestCase):
    def test_numbers_and_the_longest_first(self):
        numbers, stretches = bench_locks.read_report(["own\tholds\t7\n", "all\tturns\t2\n", "all\tstretch\t300\t0x10\n", "all\tstretch\t4000\t0x20\n"])
        self.assertEqual(numbers, {("own", "holds"): 7, ("all", "turns"): 2})
        self.assertEqual(stretches, {"own": [], "all": [(4000, "0x20"), (300, "0x10")]})


if __name__ == "__main__":
    unittest.main()
