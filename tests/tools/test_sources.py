#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/sources.py without a network: what it finds wrong, and when it has nothing to do."""
import hashlib
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))

import sources  # noqa: E402

DATA = b"what the archive has"
PACKAGE = {"version": "1-1", "why": "a test", "files": {
    "a_1.dsc": hashlib.sha256(DATA).hexdigest()}}


class Sources(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def put(self, name, data):
        path = os.path.join(self.folder.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)

    def test_a_missing_file_is_named(self):
        self.assertEqual(sources.wrong_files(PACKAGE, self.folder.name), ["a_1.dsc is missing"])

    def test_a_changed_file_is_named_with_both_hashes(self):
        self.put("a_1.dsc", DATA + b"!")
        [wrong] = sources.wrong_files(PACKAGE, self.folder.name)
        self.assertIn("a_1.dsc has SHA-256", wrong)
        self.assertIn(PACKAGE["files"]["a_1.dsc"], wrong)

    def test_the_right_file_is_right(self):
        self.put("a_1.dsc", DATA)
        self.assertEqual(sources.wrong_files(PACKAGE, self.folder.name), [])

    def test_an_unknown_name_is_refused_before_anything_is_fetched(self):
        with self.assertRaisesRegex(sources.Failure, "no package b; it has a"):
            sources.bring(["b"], {"a": PACKAGE}, self.folder.name)

    def test_what_is_there_in_that_version_is_not_fetched_again(self):
        os.makedirs(os.path.join(self.folder.name, "a"))
        self.put("a.stamp", sources.stamp_text(PACKAGE).encode())
        sources.bring(["a"], {"a": PACKAGE}, self.folder.name)
        self.assertFalse(os.path.exists(os.path.join(self.folder.name, "files")))

    def test_another_version_is_not_what_is_there(self):
        os.makedirs(os.path.join(self.folder.name, "a"))
        self.put("a.stamp", b"another\n")
        self.assertFalse(sources.is_there("a", PACKAGE, self.folder.name))

    def test_the_table_pins_every_file_by_hash(self):
        with open(sources.TABLE, "rb") as file:
            table = sources.tomllib.load(file)
        for name, package in table.items():
            with self.subTest(name):
                self.assertTrue(any(file.endswith(".dsc") for file in package["files"]))
                for digest in package["files"].values():
                    self.assertRegex(digest, "^[0-9a-f]{64}$")


if __name__ == "__main__":
    unittest.main()
