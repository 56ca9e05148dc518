# SPDX-License-Identifier: MIT
"""Reads IDL files. The grammar is in docs/idl.md; every mistake is reported as file:line."""
import re

from idl.model import (SCALARS, WORDS, Arg, Constants, IdlError, Interface, Op, Syscall)

TOKEN = re.compile(r"""
    (?P<space>[ \t\r]+|\#[^\n]*) | (?P<line>\n) | (?P<string>"[^"\n]*") |
    (?P<mark>->|\.\.|[(),:;=|?]) | (?P<number>0[xX][0-9a-fA-F]+\b|[0-9]+(?![0-9A-Za-z_])) |
    (?P<word>[A-Za-z0-9_]+) | (?P<bad>.)
""", re.X)
STARTS = ("enum", "flags", "type", "interface", "protocol", "syscall")
C_KEYWORDS = frozenset("""auto break case char const continue default do double else enum extern float
    for goto if inline int long register restrict return short signed sizeof static struct switch
    typedef union unsigned void volatile while""".split())
# Names that the generated code itself uses beside the arguments'.
RESERVED = frozenset("err words inv args results info server deadline client request".split())


class Parser:
    def __init__(self, file, text, model):
        self.file = file
        self.model = model
        self.tokens = self.split(text)
        self.at = 0

    def split(self, text):
        tokens, line = [], 1
        for found in TOKEN.finditer(text):
            kind = found.lastgroup
            if kind == "line":
                line += 1
            elif kind == "bad":
                raise IdlError(self.file, line, f"cannot read {found.group()!r}; strings stand "
                               'between "..." on one line, comments start with #')
            elif kind != "space":
                tokens.append((kind, found.group(), line))
        tokens.append(("end", "the end of the file", line))
        return tokens

    # --- Tokens ---

    @property
    def line(self):
        return self.tokens[self.at][2]

    def fail(self, text, line=None):
        raise IdlError(self.file, line or self.line, text)

    def next_is(self, *texts):
        kind, text, _ = self.tokens[self.at]
        return kind != "string" and text in texts

    def accept(self, text):
        if self.next_is(text):
            self.at += 1
            return True
        return False

    def take(self, kind, what):
        found, text, _ = self.tokens[self.at]
        if found != kind:
            self.fail(f"found {text!r}; write {what} here")
        self.at += 1
        return text

    def expect(self, text, where):
        if not self.accept(text):
            self.fail(f"found {self.tokens[self.at][1]!r}; write '{text}' {where}")

    def word(self, what):
        return self.take("word", what)

    def number(self, what):
        return int(self.take("number", what), 0)

    def string(self, what):
        return self.take("string", f'{what} as "text"')[1:-1]

    # --- Declarations ---

    def parse(self):
        while self.tokens[self.at][0] != "end":
            if self.next_is("enum", "flags"):
                self.constants()
            elif self.accept("type"):
                self.alias()
            elif self.next_is("interface", "protocol"):
                self.interface()
            elif self.accept("syscall"):
                self.syscall()
            elif self.next_is("op"):
                self.fail("an op belongs to an interface; write 'interface name number \"text\"' "
                          "before it")
            else:
                self.fail(f"found {self.tokens[self.at][1]!r}; write one of {', '.join(STARTS)}")

    def constants(self):
        is_flags = self.word("enum") == "flags"
        line = self.line
        name = self.word("the name of the enum")
        if self.model.constants_named(name):
            self.fail(f"{name} is there already; write another name", line)
        prefix = self.word("the prefix of its constants") if self.accept("as") else name.upper()
        text = self.string("what the enum is for,")
        values = []
        while True:
            line = self.line
            if self.tokens[self.at][0] not in ("word", "number"):
                self.fail("write NAME number, with a comma between")
            value = self.tokens[self.at][1]
            self.at += 1
            number = self.number(f"the number of {value}")
            if is_flags and number > 31:
                self.fail(f"{value} is bit {number}; write a bit from 0 to 31", line)
            for other, taken in values:
                if other == value or taken == number:
                    self.fail(f"{value} {number} collides with {other} {taken}; write a new name "
                              "and a number never used before", line)
            values.append((value, number))
            if not self.accept(","):
                break
        self.model.constants.append(Constants(name, prefix, is_flags, text, values))

    def alias(self):
        line = self.line
        name = self.word("the name of the type")
        self.expect("=", "after the type's name")
        base = self.word("u8, u16, u32 or u64")
        if base not in SCALARS:
            self.fail(f"{base} is no scalar; write u8, u16, u32 or u64", line)
        if name in self.model.types or name in SCALARS:
            self.fail(f"type {name} is there already; write another name", line)
        self.model.types[name] = (base, self.string("what the type counts,"))

    def interface(self):
        is_protocol = self.word("interface") == "protocol"
        line = self.line
        name, number = self.word("its name"), self.number("its number")
        by = self.word("the system call that carries its methods") if self.accept("by") else "call"
        text = self.string("what it is,")
        made = Interface(name, number, text, is_protocol, self.file, line, by)
        others = self.model.protocols if is_protocol else self.model.interfaces
        for other in others:
            if other.name == name or other.number == number:
                self.fail(f"{name} {number} collides with {other.name} {other.number}; write a new "
                          "name and a number never used before", line)
        while True:
            if self.next_is("op"):
                self.op(made)
            elif is_protocol and self.accept("type"):
                self.alias()
            else:
                break
        others.append(made)

    def op(self, interface):
        line = self.line
        self.expect("op", "to begin an operation")
        name, number = self.word("the op's name"), self.number("the op's number")
        for other in interface.ops:
            if other.name == name or other.number == number:
                self.fail(f"op {name} {number} collides with {other.name} {other.number}; write a "
                          "new name and a number never used before", line)
        if not 1 <= number <= 0xfff0:
            self.fail(f"op {name} has number {number}; write one from 1 to 65520", line)
        args = self.args(f"{interface.name}.{name}", False)
        self.expect("->", "between arguments and results")
        results = self.args(f"{interface.name}.{name}", True)
        right = self.word("a right's name") if self.accept("right") else None
        if right is not None:
            self.check_right(right)
        text = self.string("what the op does,")
        errors = self.errors(f"{interface.name}.{name}")
        made = Op(name, number, args, results, right, text, errors, self.notes(), self.file, line)
        self.check_op(interface, made)
        interface.ops.append(made)

    def args(self, op, are_results):
        what = "results" if are_results else "arguments"
        self.expect("(", f"before the {what} of {op}")
        made = []
        while not self.accept(")"):
            if made:
                self.expect(",", f"or ')' after {what[:-1]} {made[-1].name} of {op}")
            line = self.line
            name = self.word(f"the name of an {what[:-1]}" if not are_results else "a result's name")
            self.expect(":", f"and a type after {name}")
            made.append(self.arg(name, line, are_results))
        if len(made) > WORDS:
            self.fail(f"{op} has {len(made)} {what}; a method has at most {WORDS}, one register "
                      "each: write two ops", made[WORDS].line)
        return made

    def arg(self, name, line, is_result):
        kind = self.word("a type: u32, u64, slot or cap")
        if kind == "cap" and not is_result:
            optional = self.accept("?")
            type_name = self.word("the type of object")
            rights = []
            if self.tokens[self.at][0] == "number":
                if self.number("rights") != 0:
                    self.fail("rights have names; write READ|WRITE, or 0 for none", line)
            else:
                while True:
                    right_line = self.line
                    right = self.word("the rights that are needed, as READ|WRITE, or 0 for none")
                    self.check_right(right, right_line)
                    rights.append(right)
                    if not self.accept("|"):
                        break
            return Arg(name, "cap", line, 32, type_name=type_name, rights=tuple(rights),
                       optional=optional)
        if kind == "slot" and not is_result:
            return Arg(name, "slot", line, 32)
        base = self.model.types.get(kind, (kind,))[0]
        if base not in SCALARS:
            allowed = "u8, u16, u32, u64" + ("" if is_result else ", slot, cap")
            self.fail(f"{name} has the unknown type {kind}; write {allowed} or a declared type", line)
        made = Arg(name, "scalar", line, SCALARS[base], type_name=kind)
        if self.accept("in"):
            if is_result:
                self.fail(f"result {name} has a range; only arguments have one: leave it out", line)
            made.low = self.number("the smallest value")
            self.expect("..", "between smallest and largest value")
            made.high = self.number("the largest value")
            if made.low > made.high or made.high >= 1 << made.bits:
                self.fail(f"the range {made.low}..{made.high} of {name} is empty or wider than "
                          f"{kind}; write smallest..largest within {made.bits} bits", line)
        return made

    def errors(self, what):
        errors = []
        while self.accept("error"):
            line = self.line
            name = self.word("an error's name")
            if name not in [error for error, _, _ in self.model.errors] or name == "OK":
                self.fail(f"there is no error {name}; write one of abi/include/abi/errors.def, or "
                          "add it there", line)
            if name in [error for error, _ in errors]:
                self.fail(f"{what} lists {name} twice; write all its reasons in one text", line)
            errors.append((name, self.string("when it occurs,")))
        return errors

    def notes(self):
        notes = []
        while True:
            if self.accept("repeatable"):
                notes.append("repeatable")
            elif self.accept("long"):
                notes.append("long")
            elif self.accept("may"):
                self.expect("block", "after 'may'")
                notes.append("may block")
            elif self.accept("at"):
                self.expect("most", "after 'at'")
                notes.append(f"at most {self.number('a time')} {self.word('ns, us, ms or s')}")
            else:
                if notes:
                    self.fail("write repeatable, long, may block or at most N s after ';'")
                break
            if not self.accept(";"):
                break
        return notes

    def syscall(self):
        line = self.line
        name, number = self.word("the call's name"), self.number("the call's number")
        if number > 255:
            self.fail(f"system call {name} has number {number}; write one from 0 to 255", line)
        for other in self.model.syscalls:
            if other.name == name or other.number == number:
                self.fail(f"syscall {name} {number} collides with {other.name} {other.number}; "
                          "write a new name and number", line)
        text = self.string("what the call does,")
        self.model.syscalls.append(Syscall(name, number, text, self.errors(name), self.file, line))

    # --- Checks ---

    def check_right(self, right, line=None):
        rights = self.model.constants_named("rights")
        names = [name for name, _ in rights.values] if rights else []
        if right not in names:
            self.fail(f"there is no right {right}; write one of {', '.join(names)}", line)

    def check_op(self, interface, op):
        seen = {interface.name}
        for arg in op.args + op.results:
            if arg.name in seen or arg.name in C_KEYWORDS or arg.name in RESERVED:
                self.fail(f"the name {arg.name} is used twice or belongs to C or to the generated "
                          "code; write another", arg.line)
            seen.add(arg.name)
            if interface.is_protocol and arg.kind != "scalar":
                self.fail(f"{arg.name} is a {arg.kind}; the ops of a protocol take scalars only",
                          arg.line)
        if interface.is_protocol and op.right:
            self.fail("a protocol has no rights: the badge says who calls; leave 'right' out", op.line)


def parse_file(path, model, name=None):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    model.sources.append(name or path)
    Parser(path, text, model).parse()


def check_model(model):
    """What can be said only when all files are read."""
    types = model.constants_named("object_type")
    numbers = dict(types.values) if types else {}
    calls = [s.name for s in model.syscalls]
    names = set()
    for interface in model.interfaces:
        if numbers.get(interface.name.upper()) != interface.number:
            raise IdlError(interface.file, interface.line, f"interface {interface.name} "
                           f"{interface.number} is not in enum object_type; write "
                           f"{interface.name.upper()} {interface.number} there")
        if interface.by not in calls:
            raise IdlError(interface.file, interface.line, f"interface {interface.name} goes by "
                           f"{interface.by}, which is no syscall; write one of {', '.join(calls)}")
        for op in interface.ops:
            symbol = f"{interface.name}_{op.name}".upper()
            if symbol in names:
                raise IdlError(op.file, op.line, f"two ops are called {symbol} in C; rename one")
            names.add(symbol)
            for arg in op.args:
                if arg.kind == "cap" and arg.type_name.upper() not in numbers:
                    raise IdlError(op.file, arg.line, f"{arg.name} has the unknown object type "
                                   f"{arg.type_name}; write one of "
                                   f"{', '.join(n.lower() for n in numbers)}")
