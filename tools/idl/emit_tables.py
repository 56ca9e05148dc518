# SPDX-License-Identifier: MIT
"""Tables: names for people, the list of errors for the boot tests, arguments for the fuzzers."""
import textwrap

from idl.model import op_errors, syscall_errors
from idl.text import head


def names_h(model):
    out = [head(model, "Names of everything that has a number. Unknown numbers give \"?\"."),
           "#pragma once", "", "#include <stdint.h>", "",
           "static inline const char *error_name(uint64_t err)", "{", "    switch (err) {"]
    for name, number, _ in model.errors:
        out += [f"    case {number}:", f'        return "{name}";']
    out += ["    default:", '        return "?";', "    }", "}", "",
            "/** What an error tells the caller. */",
            "static inline const char *error_text(uint64_t err)", "{", "    switch (err) {"]
    for _, number, text in model.errors:
        out += [f"    case {number}:", f'        return "{text}";']
    out += ["    default:", '        return "?";', "    }", "}", ""]
    for c in model.constants:
        if c.is_flags:
            continue
        out += [f"static inline const char *{c.name}_name(uint64_t number)", "{",
                "    switch (number) {"]
        for name, number in c.values:
            out += [f"    case {number}:", f'        return "{name}";']
        out += ["    default:", '        return "?";', "    }", "}", ""]
    out += ["static inline const char *syscall_name(uint64_t number)", "{", "    switch (number) {"]
    for s in model.syscalls:
        out += [f"    case {s.number}:", f'        return "{s.name}";']
    out += ["    default:", '        return "?";', "    }", "}", "",
            "/** Name of a method, as \"untyped.retype\", by type of object and label. */",
            "static inline const char *method_name(uint32_t type, uint32_t label)", "{",
            "    switch (type << 16 | label) {"]
    for interface in model.interfaces:
        for op in interface.ops:
            out += [f"    case {interface.number}u << 16 | {op.number}:",
                    f'        return "{interface.name}.{op.name}";']
    out += ["    default:", '        return "?";', "    }", "}"]
    return "\n".join(out) + "\n"


def error_list_h(model):
    methods = [(i.name.upper(), o.name.upper(), error)
               for i in model.interfaces for o in i.ops for error, _ in op_errors(model, o)]
    calls = [("SYSCALL", s.name.upper(), error)
             for s in model.syscalls for error, _ in syscall_errors(model, s)]
    out = [head(model, "Every error that an interface lists: ERROR_LIST(X) expands to X(interface, "
                "op, error) for each, in capitals, so that OBJECT_##interface, ERR_##error and, for "
                "methods, interface##_##op are constants. System calls have interface SYSCALL and "
                "SYSCALL_##op as number; they come last and stand alone in SYSCALL_ERROR_LIST(X)."),
           "#pragma once", "", f"#define ERRORS_LISTED {len(methods) + len(calls)}u",
           f"#define METHOD_ERRORS_LISTED {len(methods)}u", ""]
    for name, rows in (("METHOD_ERROR_LIST", methods), ("SYSCALL_ERROR_LIST", calls)):
        lines = [f"#define {name}(X)"] + [f"    X({', '.join(row)})" for row in rows]
        out += [" \\\n".join(lines), ""]
    out += ["#define ERROR_LIST(X) METHOD_ERROR_LIST(X) SYSCALL_ERROR_LIST(X)"]
    return "\n".join(out) + "\n"


FUZZ_TYPES = """enum fuzz_arg_kind { FUZZ_SCALAR, FUZZ_SLOT, FUZZ_CAP };

struct fuzz_arg {
    const char *name;
    uint8_t kind;     /* enum fuzz_arg_kind */
    uint8_t optional; /* FUZZ_CAP: may be 0 */
    uint8_t type;     /* FUZZ_CAP: enum object_type */
    uint8_t bits;     /* FUZZ_SCALAR: 8, 16, 32 or 64 */
    uint16_t rights;  /* FUZZ_CAP */
    uint64_t min;     /* FUZZ_SCALAR, both inclusive */
    uint64_t max;
};

struct fuzz_op {
    const char *name;
    uint8_t type; /* enum object_type of the target */
    uint8_t syscall; /* enum syscall_number that carries it */
    uint16_t label;
    uint16_t right; /* of the target; 0: none is needed */
    uint8_t arg_count;
    uint8_t result_count;
    uint8_t is_long;
    uint8_t is_repeatable;
    struct fuzz_arg args[8];
};
"""


def fuzz_arg(arg):
    fields = [f'.name = "{arg.name}"', f".kind = FUZZ_{arg.kind.upper()}"]
    if arg.kind == "cap":
        fields.append(f".type = OBJECT_{arg.type_name.upper()}")
        fields.append(".rights = " + (" | ".join("RIGHT_" + r for r in arg.rights) or "0"))
        if arg.optional:
            fields.append(".optional = 1")
    else:
        limit = "UINT64_MAX" if arg.max == 2**64 - 1 else f"{arg.max:#x}"
        fields += [f".bits = {arg.bits}", f".min = {arg.low}u", f".max = {limit}"]
    lines = textwrap.wrap(", ".join(fields), 80)
    return "{ " + "\n              ".join(lines) + " }"


def fuzz_args_h(model):
    ops = [(i, o) for i in model.interfaces for o in i.ops]
    out = [head(model, "What each method takes, for fuzzers of arguments."), "#pragma once", "",
           "#include <stdint.h>", "", '#include "abi/kernel_calls.h"', "", FUZZ_TYPES,
           f"#define FUZZ_OPS {len(ops)}u", "",
           "__attribute__((unused)) static const struct fuzz_op fuzz_ops[FUZZ_OPS] = {"]
    for i, o in ops:
        out += ["    {", f'        .name = "{i.name}.{o.name}",',
                f"        .type = OBJECT_{i.name.upper()},",
                f"        .syscall = SYSCALL_{i.by.upper()},",
                f"        .label = {i.name.upper()}_{o.name.upper()},",
                f"        .right = {'RIGHT_' + o.right if o.right else '0'},",
                f"        .arg_count = {len(o.args)},", f"        .result_count = {len(o.results)},",
                f"        .is_long = {int('long' in o.notes)},",
                f"        .is_repeatable = {int('repeatable' in o.notes)},"]
        if o.args:
            out += ["        .args = {"] + [f"            {fuzz_arg(a)}," for a in o.args]
            out += ["        },"]
        out.append("    },")
    return "\n".join(out + ["};"]) + "\n"
