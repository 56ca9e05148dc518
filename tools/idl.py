#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Generate all that follows from the interface definitions.

idl.py --out build/gen abi/idl/*.idl             headers, the kernel's dispatch
idl.py --manual docs/abi.md abi/idl/*.idl        the manual; with --check only say whether it is current
Files are written only when their contents change. What each is for: docs/idl.md.
"""
import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from idl import emit_kernel, emit_manual, emit_protocol, emit_tables, emit_user  # noqa: E402
from idl.model import IdlError, Model, read_errors, read_headers  # noqa: E402
from idl.parse import check_model, parse_file  # noqa: E402


def load(paths, include=None):
    """The model of all files; errors.def and the headers lie beside them in include/abi."""
    include = include or os.path.join(os.path.dirname(os.path.abspath(paths[0])), "..", "include")
    include = os.path.relpath(os.path.join(include, "abi"))
    model = Model()
    model.errors = read_errors(os.path.join(include, "errors.def"))
    model.headers = read_headers(include)
    # kernel.idl first: the others may use its enums.
    for path in sorted(paths, key=lambda p: (os.path.basename(p) != "kernel.idl", p)):
        parse_file(path, model)
    check_model(model)
    return model


def generate(model):
    """All generated files: path below the output folder, contents."""
    files = {
        "include/abi/kernel_calls.h": emit_kernel.kernel_calls_h(model),
        "include/kernel_gen/methods.h": emit_kernel.methods_h(model),
        "kernel/dispatch.c": emit_kernel.dispatch_c(model),
        "include/pith/kernel_calls.h": emit_user.kernel_calls_h(model),
        "include/abi/names.h": emit_tables.names_h(model),
        "include/abi/error_list.h": emit_tables.error_list_h(model),
        "include/abi/fuzz_args.h": emit_tables.fuzz_args_h(model),
        "docs/abi.md": emit_manual.manual(model),
    }
    for protocol in model.protocols:
        stem = f"include/pith/{protocol.name}"
        files[stem + "_calls.h"] = emit_protocol.calls_h(model, protocol)
        files[stem + "_serve.h"] = emit_protocol.serve_h(model, protocol)
    return files


def write_if_changed(path, contents):
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == contents:
                return
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(contents)


def check_current(path, contents):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read() == contents
    except FileNotFoundError:
        return False


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--out", help="folder for the generated code")
    parser.add_argument("--manual", help="file for the manual")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if not current")
    parser.add_argument("--include", help="folder that holds abi/errors.def (default: beside the IDL)")
    parser.add_argument("files", nargs="+", metavar="file.idl")
    options = parser.parse_args(arguments)

    try:
        model = load(options.files, options.include)
        files = {}
        if options.out:
            files.update({os.path.join(options.out, k): v for k, v in generate(model).items()})
        if options.manual:
            files[options.manual] = emit_manual.manual(model)
    except (IdlError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    stale = [p for p, contents in sorted(files.items()) if not check_current(p, contents)]
    if options.check:
        for path in stale:
            print(f"{path}:1: not current; write it anew with tools/idl.py", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        write_if_changed(path, files[path])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
