# SPDX-License-Identifier: MIT
"""Shapes of generated text."""
import os
import textwrap

COLUMNS = 100


def comment(text):
    if len(text) + 6 <= COLUMNS:
        return f"/* {text} */"
    lines = textwrap.wrap(text, COLUMNS - 3)
    return "\n".join(["/*"] + [" * " + line for line in lines] + [" */"])


def sources(model):
    return ", ".join(os.path.basename(path) for path in model.sources)


def head(model, text):
    """First lines of a generated C file."""
    made = f"Made by tools/idl.py from {sources(model)} in abi/idl: change that, not this."
    return f"/* SPDX-License-Identifier: MIT */\n{comment(text)}\n{comment(made)}"


def wrap_c(start, params, end):
    """A C declaration, its parameters aligned after the bracket."""
    if not params:
        params = ["void"]
    lines, current = [], start
    for i, param in enumerate(params):
        piece = param + (", " if i < len(params) - 1 else end)
        if len(current + piece.rstrip()) > COLUMNS and current.strip() and current != start:
            lines.append(current.rstrip())
            current = " " * len(start)
        current += piece
    lines.append(current)
    return "\n".join(lines)
