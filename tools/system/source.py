# SPDX-License-Identifier: MIT
"""A TOML file together with the lines on which its keys stand."""
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
    def __init__(self, path, text=None):
        self.path = path
        if text is None:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        self.lines = {}
        self.scan(text)
        try:
            self.data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            match = WHERE.match(str(error))
            line = int(match[2]) if match else len(text.splitlines()) or 1
            raise self.problem(line, f"this is no TOML: {match[1] if match else error}") from None

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

    def line(self, *path):
        """The line of a key, or of the nearest table around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, line, text):
        return Problem(self.path, line, text)
