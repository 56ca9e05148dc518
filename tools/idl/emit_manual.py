# SPDX-License-Identifier: MIT
"""The manual, docs/abi.md."""
from idl.model import op_errors, syscall_errors

INTRODUCTION = """<!-- Made by tools/idl.py from abi/idl: change that, not this. -->
# The ABI

Everything a program can ask of the kernel. `abi_version` returns the kernel's `ABI_HASH`, a number made
from the interface definitions and headers; a program built for another refuses to start. In C, the
functions are in `pith/kernel_calls.h` (methods) and `pith/syscall.h` (messages, notifications).

## Registers (x86-64)

A program puts its operands in registers and executes `syscall`.

| register | in | out |
| --- | --- | --- |
| rax | system call (bits 0-7), capability address (bits 32-63) | error |
| rdi | message info: label (bits 0-15), words (16-23), capabilities (24-27) | message info |
| rsi | deadline, absolute, ns since boot | badge |
| rdx | mask of notification bits | bits taken |
| rbx r8 r9 r10 r12 r13 r14 r15 | message words 0 to 7 | message words 0 to 7 |
| rbp rsp | kept | kept |
| rcx r11 | lost | lost |

Words 8 to 63 and up to four capabilities travel through the pinned buffer (`struct msg_buffer` in
`abi/types.h`). Calls that return no message (`signal`, `wait`, `poll`, `yield`) keep the word registers.

A capability address is the number of a slot in the caller's table; 0 names nothing.
"""

METHODS = """## Methods

A method is a `call` on the capability of an object: the label is the method's number, arguments are
words in the order given, results come back as words. At most eight of each, so no buffer is needed.

What is checked, in this order, before anything happens: the method exists (`BAD_CALL`); the target has
the right (`NO_RIGHT`); there are as many words as arguments (`BAD_CALL`); numbers and slots are in range
(`RANGE`); each capability argument, in order: place, type, rights (`BAD_CAP`, `WRONG_TYPE`,
`NO_RIGHT`). Then come the method's own errors. Results are there only on success.

A *slot* is the number of a slot in the table that is the argument before it or the target. A type
with `?` may be 0: none. *Repeatable*: doing it again has no further effect. *Long*: has preemption
points; the call restarts by itself and goes on where it was.
"""


def signature(op):
    def one(arg):
        if arg.kind == "cap":
            rights = "|".join(arg.rights)
            return f"{arg.name}: cap{'?' if arg.optional else ''} {arg.type_name}" + \
                (f" {rights}" if rights else "")
        if arg.kind == "slot":
            return f"{arg.name}: slot"
        limits = f" in {arg.low}..{arg.high}" if arg.high is not None else ""
        return f"{arg.name}: {arg.type_name}{limits}"
    args = ", ".join(one(a) for a in op.args)
    results = ", ".join(one(r) for r in op.results)
    return f"{op.name}({args})" + (f" -> ({results})" if results else "")


def errors_table(rows):
    if not rows:
        return ["No errors.", ""]
    return ["| error | when |", "| --- | --- |"] + \
        [f"| {name} | {cell(text)} |" for name, text in rows] + [""]


def cell(text):
    return text.replace("|", "\\|")


def manual_op(model, interface, op, is_protocol=False):
    out = [f"### {interface.name}.{op.name} ({op.number})", "", f"    {signature(op)}", ""]
    facts = [f"Right: {op.right}." if op.right else "" if is_protocol else "No right is needed."]
    facts += [note[0].upper() + note[1:] + "." for note in op.notes]
    out += [op.text, ""]
    if any(facts):
        out += [" ".join(f for f in facts if f), ""]
    rows = [(n, t or model.error_text(n)) for n, t in op.errors] if is_protocol else \
        op_errors(model, op)
    return out + errors_table(rows)


def manual(model):
    out = [INTRODUCTION, "## Errors", "",
           "| number | name | meaning |", "| --- | --- | --- |"]
    out += [f"| {number} | {name} | {cell(text)} |" for name, number, text in model.errors]
    out += ["", "## Constants", ""]
    for c in model.constants:
        shape = "1 << {}" if c.is_flags else "{}"
        values = ", ".join(f"`{c.prefix}_{n}` {shape.format(v)}" for n, v in c.values)
        out += [f"**{c.name}.** {c.text} {values}.", ""]
    out += ["## System calls", "", "`BAD_CALL`: there is no such system call.", ""]
    for s in model.syscalls:
        out += [f"### {s.name} ({s.number})", "", s.text, ""]
        out += errors_table(syscall_errors(model, s))
    out += [METHODS]
    for interface in model.interfaces:
        out += [f"## {interface.name}", "", interface.text, ""]
        if interface.by != "call":
            out += [f"Its methods are called with the system call `{interface.by}`.", ""]
        for op in interface.ops:
            out += manual_op(model, interface, op)
    for protocol in model.protocols:
        out += [f"## Protocol {protocol.name} ({protocol.number})", "", protocol.text, ""]
        for op in protocol.ops:
            out += manual_op(model, protocol, op, True)
    return "\n".join(out).rstrip("\n") + "\n"
