# SPDX-License-Identifier: MIT
"""C for both sides (abi/kernel_calls.h) and for the kernel (kernel_gen/methods.h, dispatch.c)."""
from idl.text import comment, head, wrap_c


def kernel_calls_h(model):
    out = [head(model, "Numbers that the kernel and programs share."), "#pragma once", "",
           "#include <stdint.h>", "", '#include "abi/errors.h"', '#include "abi/types.h"', "",
           "/* A program built for another ABI refuses to start. */",
           f"#define ABI_HASH 0x{model.abi_hash():016x}ull", ""]
    for c in model.constants:
        out += [comment(c.text), f"enum {c.name} {{"]
        for name, number in c.values:
            value = f"1u << {number}" if c.is_flags else str(number)
            out.append(f"    {c.prefix}_{name} = {value},")
        out += ["};", ""]
    out += ["/* System calls. */", "enum syscall_number {"]
    out += [f"    SYSCALL_{s.name.upper()} = {s.number}," for s in model.syscalls]
    out += ["};", ""]
    for interface in model.interfaces:
        if not interface.ops:
            continue
        out += [comment(f"Methods of {interface.name}: {interface.text}"),
                f"enum {interface.name}_method {{"]
        out += [f"    {interface.name.upper()}_{op.name.upper()} = {op.number},"
                for op in interface.ops]
        out += ["};", ""]
    return "\n".join(out[:-1]) + "\n"


def arg_member(arg):
    if arg.kind == "cap":
        return f"    struct cap *{arg.name};" + (" /* or NULL */" if arg.optional else "")
    if arg.kind == "slot":
        return f"    uint32_t {arg.name};"
    return f"    {arg.c_type} {arg.name};"


def handler(interface, op):
    name = f"{interface.name}_{op.name}"
    params = ["struct invocation *inv"]
    if op.args:
        params.append(f"const struct {name}_args *args")
    if op.results:
        params.append(f"struct {name}_results *results")
    return wrap_c(f"MUST_CHECK err_t {interface.name}_on_{op.name}(", params, ");")


def methods_h(model):
    out = [head(model, "The methods of kernel objects: decoded arguments, results, handlers. A "
                "handler finds type, rights and ranges checked; it writes results only on success."),
           "#pragma once", "", "#include <stdint.h>", "", '#include "abi/errors.h"',
           '#include "abi/types.h"', '#include "cap/cap.h"', '#include "object/invocation.h"', ""]
    for interface in model.interfaces:
        for op in interface.ops:
            name = f"{interface.name}_{op.name}"
            if op.args:
                out += [f"struct {name}_args {{"] + [arg_member(a) for a in op.args] + ["};", ""]
            if op.results:
                out += [f"struct {name}_results {{"] + [arg_member(a) for a in op.results]
                out += ["};", ""]
            out += [comment(op.text), handler(interface, op), ""]
    out += ["""/**
 * method_dispatch() - decode, check and run a method on inv->target.
 * @info: in: label and number of words; out: number of results, 0 after an error.
 * @words: arguments, overwritten by results only on success.
 *
 * Errors: BAD_CALL, NO_RIGHT (target), BAD_CALL (too few words), RANGE (scalars and slots), then
 * those of cap_lookup() for each capability argument, then the method's own: in this order.
 * KERNEL_RESTART passes through with info and words untouched.
 */
MUST_CHECK err_t method_dispatch(struct invocation *inv, msg_info_t *info, uint64_t words[8]);"""]
    return "\n".join(out) + "\n"


def range_check(arg, index):
    """The C condition under which word `index` is out of range, or None."""
    word = f"words[{index}]"
    if arg.kind == "slot":
        return f"{word} > UINT32_MAX"
    if not arg.can_be_out_of_range:
        return None
    high = "UINT32_MAX" if arg.max == 2**32 - 1 else f"{arg.max}u" if arg.max < 2**32 else \
        f"{arg.max}ull"
    if arg.low == 0:
        return f"{word} > {high}"
    if arg.max == 2**64 - 1:
        return f"{word} < {arg.low}"
    return f"{word} - {arg.low} > {arg.max - arg.low}u" + ("ll" if arg.max >= 2**32 else "")


def decoder(interface, op):
    """One static function: checks in the fixed order, the call of the handler, the results."""
    name = f"{interface.name}_{op.name}"
    params = ["struct invocation *inv"]
    if op.args:
        params.append("msg_info_t info")
    if op.args or op.results:
        params.append("uint64_t words[8]" if op.results else "const uint64_t words[8]")
    if op.results:
        params.append("msg_info_t *reply")
    out = [wrap_c(f"static __attribute__((noinline)) err_t decode_{name}(", params, ")"), "{"]
    if op.args:
        out.append(f"    struct {name}_args args;")
    if op.results:
        out.append(f"    struct {name}_results results = {{ 0 }};")
    caps = [(i, a) for i, a in enumerate(op.args) if a.kind == "cap"]
    if caps:
        out.append("    struct cap_table *table;")
    if caps or op.results:
        out.append("    err_t err;")
    if len(out) > 2:
        out.append("")
    if op.right:
        out += [f"    if ((inv->target->rights & RIGHT_{op.right}) == 0) {{",
                "        return ERR_NO_RIGHT;", "    }"]
    if op.args:
        out += [f"    if (MSG_WORDS(info) < {len(op.args)}) {{", "        return ERR_BAD_CALL;",
                "    }"]
    checks = [c for c in (range_check(a, i) for i, a in enumerate(op.args) if a.kind != "cap") if c]
    if checks:
        out += ["    if (" + " ||\n        ".join(checks) + ") {", "        return ERR_RANGE;", "    }"]
    for i, arg in enumerate(op.args):
        if arg.kind != "cap":
            cast = "" if arg.c_type == "uint64_t" and arg.kind == "scalar" else "(uint32_t)"
            out.append(f"    args.{arg.name} = {cast}words[{i}];")
    if caps:
        out.append("    table = invocation_table(inv);")
    for i, arg in caps:
        rights = " | ".join("RIGHT_" + r for r in arg.rights) or "0"
        lookup = [f"err = cap_lookup(table, words[{i}], OBJECT_{arg.type_name.upper()}, {rights}, "
                  f"&args.{arg.name});", "if (err) {", "    return err;", "}"]
        if arg.optional:
            out += [f"    args.{arg.name} = NULL;", f"    if (words[{i}] != 0) {{"]
            out += ["        " + line for line in lookup] + ["    }"]
        else:
            out += ["    " + line for line in lookup]
    call = ", ".join(["inv"] + ["&args"] * bool(op.args) + ["&results"] * bool(op.results))
    if not op.results:
        return out + [f"    return {interface.name}_on_{op.name}({call});", "}", ""]
    out += [f"    err = {interface.name}_on_{op.name}({call});", "    if (err) {",
            "        return err;", "    }"]
    out += [f"    words[{i}] = results.{r.name};" for i, r in enumerate(op.results)]
    return out + [f"    *reply = MSG_INFO(0, {len(op.results)}, 0);", "    return ERR_OK;", "}", ""]


def decode_call(interface, op):
    rest = ["inv"] + ["info"] * bool(op.args) + ["words"] * bool(op.args or op.results) + \
        ["reply"] * bool(op.results)
    return f"decode_{interface.name}_{op.name}({', '.join(rest)})"


def dispatch_c(model):
    out = [head(model, "Finds and decodes a method called on a kernel object."),
           '#include "kernel_gen/methods.h"', "", "#include <stddef.h>", "",
           '#include "abi/kernel_calls.h"', ""]
    for interface in model.interfaces:
        if not interface.ops:
            continue
        for op in interface.ops:
            out += decoder(interface, op)
        out += [wrap_c(f"static err_t dispatch_{interface.name}(",
                       ["struct invocation *inv", "msg_info_t info", "uint64_t words[8]",
                        "msg_info_t *reply"], ")"), "{"]
        if not any(op.args or op.results for op in interface.ops):
            out.append("    (void)words;")
        if not any(op.results for op in interface.ops):
            out.append("    (void)reply;")
        out.append("    switch (MSG_LABEL(info)) {")
        for op in interface.ops:
            out += [f"    case {interface.name.upper()}_{op.name.upper()}:",
                    f"        return {decode_call(interface, op)};"]
        out += ["    default:", "        return ERR_BAD_CALL;", "    }", "}", ""]
    out += ["static err_t dispatch_type(struct invocation *inv, msg_info_t info, uint64_t words[8],",
            "                           msg_info_t *reply)", "{", "    switch (inv->target->type) {"]
    for interface in model.interfaces:
        if interface.ops:
            out += [f"    case OBJECT_{interface.name.upper()}:",
                    f"        return dispatch_{interface.name}(inv, info, words, reply);"]
    out += ["    default:", "        return ERR_BAD_CALL;", "    }", "}", "",
            "err_t method_dispatch(struct invocation *inv, msg_info_t *info, uint64_t words[8])", "{",
            "    msg_info_t reply = 0;",
            "    err_t err = dispatch_type(inv, *info, words, &reply);", "",
            "    if (err != KERNEL_RESTART) {", "        *info = reply;", "    }",
            "    return err;", "}"]
    return "\n".join(out) + "\n"
