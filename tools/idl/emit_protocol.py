# SPDX-License-Identifier: MIT
"""Protocols of services: the client's calls (pith/NAME_calls.h), the server's dispatch (pith/NAME_serve.h).

A request has the op's number as label and arguments as words. A reply has the error as label and, on
success, results as words.
"""
from idl.emit_kernel import arg_member, range_check
from idl.text import comment, head, wrap_c


def constants(protocol):
    name = protocol.name
    return [comment(f"Ops of {name}: {protocol.text}"), f"enum {name}_op {{"] + \
        [f"    {name.upper()}_{op.name.upper()} = {op.number}," for op in protocol.ops] + ["};", ""]


def calls_h(model, protocol):
    out = [head(model, f"Calls to a server of the protocol {protocol.name}. Results are written only "
                "on success. The error is the server's answer, or that of ipc_call()."),
           "#pragma once", "", "#include <stdint.h>", "", '#include "abi/errors.h"',
           '#include "abi/types.h"', '#include "pith/syscall.h"', ""] + constants(protocol)
    for op in protocol.ops:
        params = ["cap_addr_t server", "ns_t deadline"]
        params += [f"{a.c_type} {a.name}" for a in op.args]
        params += [f"{r.c_type} *{r.name}" for r in op.results]
        out += [comment(op.text), wrap_c(f"static inline MUST_CHECK err_t {protocol.name}_{op.name}(",
                                         params, ")"), "{"]
        out += ["    uint64_t words[8];", "    err_t err;", ""]
        out += [f"    words[{i}] = {a.name};" for i, a in enumerate(op.args)]
        label = f"{protocol.name.upper()}_{op.name.upper()}"
        out += [f"    err = ipc_call_method(server, {label}, deadline, {len(op.args)}, "
                f"{len(op.results)},", "                          words);"]
        if op.results:
            out.append("    if (err == ERR_OK) {")
            for i, r in enumerate(op.results):
                cast = "" if r.c_type == "uint64_t" else "(uint32_t)"
                out.append(f"        *{r.name} = {cast}words[{i}];")
            out.append("    }")
        out += ["    return err;", "}", ""]
    return "\n".join(out[:-1]) + "\n"


def serve_h(model, protocol):
    name = protocol.name
    out = [head(model, f"A server of the protocol {name}: define {name}_on_*() and a struct client, "
                f"and answer each message with what {name}_dispatch() leaves."),
           "#pragma once", "", "#include <stdint.h>", "", '#include "abi/errors.h"',
           '#include "abi/types.h"', f'#include "pith/{name}_calls.h"', "", "struct client;", ""]
    for op in protocol.ops:
        for suffix, members in (("args", op.args), ("results", op.results)):
            if members:
                out += [f"struct {name}_{op.name}_{suffix} {{"] + [arg_member(m) for m in members]
                out += ["};", ""]
        params = ["struct client *client"]
        params += [f"const struct {name}_{op.name}_args *args"] * bool(op.args)
        params += [f"struct {name}_{op.name}_results *results"] * bool(op.results)
        out += [comment(op.text), wrap_c(f"MUST_CHECK err_t {name}_on_{op.name}(", params, ");"), ""]
    for op in protocol.ops:
        out += decode(name, op)
    out += ["/** Runs the op that a message asks for. Leaves the reply in info and words, always. */",
            wrap_c(f"static inline void {name}_dispatch(",
                   ["struct client *client", "msg_info_t *info", "uint64_t words[8]"], ")"), "{",
            "    msg_info_t request = *info;", "    msg_info_t reply = 0;",
            "    err_t err = ERR_BAD_CALL;", "", "    switch (MSG_LABEL(request)) {"]
    for op in protocol.ops:
        out += [f"    case {name.upper()}_{op.name.upper()}:",
                f"        err = {name}_decode_{op.name}(client, request, words, &reply);",
                "        break;"]
    out += ["    default:", "        break;", "    }",
            "    *info = err == ERR_OK ? reply : MSG_INFO(err, 0, 0);", "}"]
    return "\n".join(out) + "\n"


def decode(name, op):
    out = [wrap_c(f"static inline MUST_CHECK err_t {name}_decode_{op.name}(",
                  ["struct client *client", "msg_info_t request", "uint64_t words[8]",
                   "msg_info_t *reply"], ")"), "{"]
    if op.args:
        out.append(f"    struct {name}_{op.name}_args args;")
    if op.results:
        out.append(f"    struct {name}_{op.name}_results results = {{ 0 }};")
    out += ["    err_t err;", "", f"    if (MSG_WORDS(request) < {len(op.args)} || "
            "MSG_CAPS(request) != 0) {" if op.args else "    if (MSG_CAPS(request) != 0) {",
            "        return ERR_BAD_CALL;", "    }"]
    checks = [c for c in (range_check(a, i) for i, a in enumerate(op.args)) if c]
    if checks:
        out += ["    if (" + " ||\n        ".join(checks) + ") {", "        return ERR_RANGE;", "    }"]
    for i, arg in enumerate(op.args):
        cast = "" if arg.c_type == "uint64_t" else "(uint32_t)"
        out.append(f"    args.{arg.name} = {cast}words[{i}];")
    call = ", ".join(["client"] + ["&args"] * bool(op.args) + ["&results"] * bool(op.results))
    out += [f"    err = {name}_on_{op.name}({call});"]
    if not op.results and not op.args:
        out.append("    (void)words;")
    if op.results:
        out += ["    if (err) {", "        return err;", "    }"]
        out += [f"    words[{i}] = results.{r.name};" for i, r in enumerate(op.results)]
    status = "ERR_OK" if op.results else "err"
    out += [f"    *reply = MSG_INFO(ERR_OK, {len(op.results)}, 0);", f"    return {status};", "}", ""]
    return out
