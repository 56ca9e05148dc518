# SPDX-License-Identifier: MIT
"""A TOML file, and the one that it is based on, with the lines on which their keys stand.

`base = "NAME"` on top of a file takes everything from NAME.toml beside it that the file does not say itself; tables are
joined key by key.
"""
import os
import re
import tomllib

HEADER = re.compile(r"^\s*\[+\s*([^\]]+?)\s*\]+")
KEY = re.compile(r"^\s*([\w.-]+|\"[^\"]*\")\s*=")
WHERE = re.compile(r"^(.*) \(at line (\d+), column \d+\)$")


class Problem(Exception):
    """What is wrong, where, and what to write instead."""

    def __init__(self, path, line, text):
        super().__init__(f"{path}:{line}: {text}")
        self.line = line


class Source:
    def __init__(self, path, text=None, is_base=False):
        self.path = path
        if text is None:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        self.lines = {}
        self.base = None
        self.scan(text)
        try:
            self.data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            match = WHERE.match(str(error))
            line = int(match[2]) if match else len(text.splitlines()) or 1
            raise Problem(path, line, f"this is no TOML: {match[1] if match else error}") from None
        if "base" in self.data:
            if is_base:
                raise self.problem(("base",), "the base of another system has none itself; write out what it says")
            self.join(self.data.pop("base"))

    def join(self, name):
        path = os.path.join(os.path.dirname(self.path), f"{name}.toml")
        if not isinstance(name, str) or not os.path.exists(path):
            raise self.problem(("base",), f"there is no {path}; write the name of a system beside this one")
        self.base = Source(path, is_base=True)
        self.data = joined(self.base.data, self.data)

    def scan(self, text):
        """Remember where tables and keys stand; the first place counts."""
        table = ()
        for number, line in enumerate(text.splitlines(), 1):
            if match := HEADER.match(line):
                table = tuple(part.strip(' "') for part in match[1].split("."))
                self.lines.setdefault(table, number)
            elif match := KEY.match(line):
                key = table + tuple(part.strip('"') for part in match[1].split("."))
                self.lines.setdefault(key, number)

    def place(self, path):
        """File and line of a key, or of the nearest table around it."""
        while path:
            for source in (self, self.base):
                if source and path in source.lines:
                    return source.path, source.lines[path]
            path = path[:-1]
        return self.path, 1

    def problem(self, path, text):
        return Problem(*self.place(path), text)


def joined(base, own):
    """Of two tables, the second's keys first."""
    both = dict(base)
    for key, value in own.items():
        is_table = isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = joined(both[key], value) if is_table else value
    return both
