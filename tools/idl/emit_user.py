# SPDX-License-Identifier: MIT
"""The program's side: one inline function for each method (pith/kernel_calls.h)."""
from idl.text import comment, head, wrap_c


def stub(interface, op):
    target = interface.name
    params = [f"cap_addr_t {target}"]
    for arg in op.args:
        c_type = arg.c_type if arg.kind == "scalar" else "cap_addr_t" if arg.kind == "cap" else \
            "uint32_t"
        params.append(f"{c_type} {arg.name}")
    params += [f"{r.c_type} *{r.name}" for r in op.results]
    name = f"{target}_{op.name}"
    sent, returned = len(op.args), len(op.results)
    out = [comment(op.text),
           wrap_c(f"static inline MUST_CHECK err_t {name}(", params, ")"), "{",
           "    uint64_t words[8];", ""]
    if not sent and not returned:
        out[-2:] = []
    out += [f"    words[{i}] = {arg.name};" for i, arg in enumerate(op.args)]
    words = "words" if sent or returned else "(uint64_t *)0"
    call = (f"syscall_method(SYSCALL_{interface.by.upper()}, {target}, "
            f"{target.upper()}_{op.name.upper()}, {sent}, {returned}, {words})")
    if not returned:
        return out + [f"    return {call};", "}", ""]
    out += [f"    err_t err = {call};", "", "    if (err == ERR_OK) {"]
    for i, result in enumerate(op.results):
        cast = "" if result.c_type == "uint64_t" else "(uint32_t)"
        out.append(f"        *{result.name} = {cast}words[{i}];")
    return out + ["    }", "    return err;", "}", ""]


def kernel_calls_h(model):
    out = [head(model, "The methods of kernel objects, as functions. Results are written only on "
                "success. Which errors a call may return is in the manual, docs/abi.md."),
           "#pragma once", "", "#include <stdint.h>", "", '#include "abi/errors.h"',
           '#include "abi/kernel_calls.h"', '#include "abi/types.h"', '#include "pith/syscall.h"', ""]
    for interface in model.interfaces:
        for op in interface.ops:
            out += stub(interface, op)
    return "\n".join(out[:-1]) + "\n"
