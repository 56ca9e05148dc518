# SPDX-License-Identifier: MIT
"""Seeded bugs are bugs of the kernel as it is now: the lines that each changes are there, exactly once."""
import importlib.util
import pathlib
import unittest

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "mutants"


def module_load():
    spec = importlib.util.spec_from_file_location("mutants_run", FOLDER / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Mutants(unittest.TestCase):
    def test_each_changes_one_place(self):
        run = module_load()
        paths = sorted(FOLDER.glob("*.mutant"))
        self.assertTrue(paths)
        for path in paths:
            with self.subTest(path.stem):
                mutant = run.Mutant(path)
                text = (run.ROOT / mutant.file).read_text()
                self.assertEqual(text.count(mutant.old), 1, mutant.file)
                self.assertNotEqual(mutant.old, mutant.new)
                self.assertTrue(mutant.why)


if __name__ == "__main__":
    unittest.main()
