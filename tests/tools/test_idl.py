#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests of tools/idl.py: what it refuses and says, and that what it generates works."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = os.path.join(TOP, "tools", "idl.py")
INCLUDE = os.path.join(TOP, "abi", "include")
WARNINGS = ["-std=c17", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wmissing-prototypes", "-Werror"]

HEADER = """enum object_type as OBJECT "types" NONE 0, BOX 1, TABLE 2
flags rights as RIGHT "rights" READ 0, MANAGE 8
syscall call 0 "calls" error BAD_CAP ""
syscall reply_receive 1 "" syscall receive 2 "" syscall reply 3 "" syscall signal 4 ""
syscall wait 5 "" syscall poll 6 "" syscall yield 7 "" syscall abi_version 8 ""
"""
BOX = HEADER + """interface box 1 "A box."
op put 1 (size: u32 in 1..9, wide: u64, at: slot, lid: cap? box READ, into: cap table MANAGE) -> (done: u32, sum: u64) right MANAGE
   "Puts."
   error BUSY "it is full"
   repeatable; long
op empty 2 () -> ()
   "Empties."
"""
PROTOCOL = HEADER + """protocol disk 3 "A disk."
type sector_t = u64 "sectors"
op read 1 (first: sector_t, count: u32 in 1..256) -> (done: u32)
   "Reads."
   error RANGE "past the end"
   repeatable; may block; at most 30 s
"""


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()

    def run_tool(self, text, *options):
        path = self.write("x.idl", text)
        return subprocess.run([sys.executable, "-B", TOOL, "--include", INCLUDE, *options, path],
                              capture_output=True, text=True, check=False)

    def generate(self, text):
        done = self.run_tool(text, "--out", os.path.join(self.folder, "gen"))
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 0)


class BadInput(Case):
    """Each mistake names its line and says what to write."""

    def refuse(self, text, line, *parts):
        done = self.run_tool(text, "--out", os.path.join(self.folder, "gen"))
        self.assertEqual(done.returncode, 1, text)
        self.assertTrue(done.stderr.strip().startswith(f"{self.folder}/x.idl:{line}: "), done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "gen")))

    def refuse_op(self, op, *parts):
        self.refuse(HEADER + 'interface box 1 "A box."\n' + op, 7, *parts)

    def test_refuses_declarations(self):
        self.refuse('enum a "x" B', 1, "the number of B")
        self.refuse('\nenum a "x" B 1, C 1', 2, "collides with B 1")
        self.refuse('flags a "x" B 32', 1, "0 to 31")
        self.refuse('enum a', 1, '"text"')
        self.refuse('enum a "x" B 0\nenum a "y" C 0', 2, "another name")
        self.refuse('\n\nwhat', 3, "write one of enum")
        self.refuse('op a 1 () -> () "x"', 1, "belongs to an interface")
        self.refuse('enum a "x', 1, "strings stand")
        self.refuse('syscall a 256 "x"', 1, "0 to 255")
        self.refuse('syscall a 1 "x"\nsyscall b 1 "x"', 2, "collides with a 1")
        self.refuse('type t = u99 "x"', 1, "u8, u16, u32 or u64")
        self.refuse(HEADER + 'interface box 2 "x"', 6, "write BOX 2 there")
        self.refuse(HEADER + 'interface box 1 by what "x"', 6, "no syscall")

    def test_refuses_ops(self):
        nine = ", ".join(f"a{i}: u64" for i in range(9))
        self.refuse_op(f'op a 1 ({nine}) -> () "x"', "9 arguments", "at most 8")
        self.refuse_op(f'op a 1 () -> ({nine}) "x"', "9 results")
        self.refuse_op('op a 1 (b: u32) "x"', "'->'")
        self.refuse_op('op a 1 (b u32) -> () "x"', "':'")
        self.refuse_op('op a 1 (b: u33) -> () "x"', "unknown type u33")
        self.refuse_op('op a 1 (b: cap what 0) -> () "x"', "box, table")
        self.refuse_op('op a 1 (b: cap box FLY) -> () "x"', "no right FLY", "READ, MANAGE")
        self.refuse_op('op a 1 (b: cap box 3) -> () "x"', "0 for none")
        self.refuse_op('op a 1 () -> (b: cap box 0) "x"', "unknown type cap")
        self.refuse_op('op a 1 (b: u32 in 5..4) -> () "x"', "empty")
        self.refuse_op('op a 1 (b: u8 in 0..256) -> () "x"', "within 8 bits")
        self.refuse_op('op a 1 () -> () right FLY "x"', "no right FLY")
        self.refuse_op('op a 1 (box: u32) -> () "x"', "write another")
        self.refuse_op('op a 1 (int: u32) -> () "x"', "belongs to C")
        self.refuse_op('op a 0 () -> () "x"', "1 to 65520")
        self.refuse_op('op a 1 () -> () "x" error WHAT "y"', "errors.def")
        self.refuse_op('op a 1 () -> () "x" error BUSY "y" error BUSY "z"', "twice")
        self.refuse_op('op a 1 () -> () "x" long;', "repeatable")
        self.refuse(HEADER + 'interface box 1 "x"\nop a 1 () -> () "x"\nop a 2 () -> () "x"', 8,
                    "collides with a 1")

    def test_refuses_protocols_with_more_than_scalars(self):
        self.refuse(HEADER + 'protocol p 1 "x"\nop a 1 (b: slot) -> () "x"', 7, "scalars only")
        self.refuse(HEADER + 'protocol p 1 "x"\nop a 1 () -> () right READ "x"', 7, "leave 'right' out")

    def test_refuses_a_bad_list_of_errors(self):
        self.write("abi/errors.def", 'ERR(OK, 0, "x")\nERR(A, 0, "y")\n')
        path = self.write("x.idl", "")
        done = subprocess.run([sys.executable, "-B", TOOL, "--include", self.folder, path],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("errors.def:2: A 0 is taken by OK 0", done.stderr)


class Output(Case):
    def hash_of(self, text):
        self.generate(text)
        lines = self.read("gen/include/abi/kernel_calls.h").split("\n")
        return next(line for line in lines if "ABI_HASH" in line)

    def test_hash_follows_meaning_and_not_words(self):
        before = self.hash_of(BOX)
        self.assertEqual(before, self.hash_of(BOX.replace('"Puts."', '"Puts it."') + "# more\n"))
        for old, new in (("1..9", "1..8"), ("put 1", "put 3"), ("cap? box", "cap box"),
                         ("box READ", "box 0"), ("wide: u64", "wide: u32"), ("MANAGE 8", "MANAGE 9")):
            self.assertNotEqual(before, self.hash_of(BOX.replace(old, new)), new)

    def test_same_output_is_not_written_again(self):
        self.generate(BOX)
        path = os.path.join(self.folder, "gen/kernel/dispatch.c")
        os.utime(path, (1, 1))
        self.generate(BOX)
        self.assertEqual(os.stat(path).st_mtime, 1)

    def test_errors_listed_are_the_common_ones_that_can_occur_and_its_own(self):
        self.generate(BOX)
        text = self.read("gen/include/abi/error_list.h")
        for error in ("BAD_CAP", "WRONG_TYPE", "NO_RIGHT", "BAD_CALL", "RANGE", "BUSY"):
            self.assertEqual(text.count(f"X(BOX, PUT, {error})"), 1, error)
        self.assertEqual(text.count("X(BOX, EMPTY, "), 1)
        self.assertIn("X(BOX, EMPTY, BAD_CAP)", text)
        self.assertIn("X(SYSCALL, CALL, BAD_CAP)", text)
        self.assertIn("#define ERRORS_LISTED 8u", text)

    def test_manual_is_checked(self):
        manual = os.path.join(self.folder, "abi.md")
        self.assertEqual(self.run_tool(BOX, "--check", "--manual", manual).returncode, 1)
        self.assertFalse(os.path.exists(manual))
        self.assertEqual(self.run_tool(BOX, "--manual", manual).returncode, 0)
        self.assertEqual(self.run_tool(BOX, "--check", "--manual", manual).returncode, 0)
        self.assertIn("put(size: u32 in 1..9, wide: u64, at: slot, lid: cap? box READ", self.read("abi.md"))
        self.assertEqual(self.run_tool(BOX.replace("1..9", "1..8"), "--check", "--manual", manual).returncode, 1)

    def test_real_manual_is_current(self):
        files = sorted(glob.glob("abi/idl/*.idl", root_dir=TOP))
        done = subprocess.run([sys.executable, "-B", TOOL, "--check", "--manual", "docs/abi.md", *files],
                              capture_output=True, text=True, check=False, cwd=TOP)
        self.assertEqual(done.stderr, "")

    def compile_user(self, text, source):
        self.generate(text)
        path = self.write("user.c", source)
        for compiler in filter(shutil.which, ("gcc", "clang")):
            for level in ("-O0", "-O2"):
                done = subprocess.run(
                    [compiler, *WARNINGS, level, "-ffreestanding", "-c", "-o", path + ".o",
                     "-I", os.path.join(self.folder, "gen/include"), "-I", INCLUDE,
                     "-I", os.path.join(TOP, "lib/pith/include"), path],
                    capture_output=True, text=True, check=False)
                self.assertEqual(done.stderr, "", f"{compiler} {level}")

    def test_stubs_and_tables_compile_without_warnings(self):
        self.compile_user(BOX, '#include "pith/kernel_calls.h"\n#include "abi/names.h"\n'
                               '#include "abi/fuzz_args.h"\n#include "abi/error_list.h"\n'
                               "#define X(i, o, e) | OBJECT_##i | i##_##o | ERR_##e\n"
                               "_Static_assert((0 METHOD_ERROR_LIST(X)) != 0, \"\");\n")

    def test_protocols_compile_without_warnings(self):
        self.compile_user(PROTOCOL, '#include "pith/disk_serve.h"\n'
                                    "void serve(struct client *client, msg_info_t *info, uint64_t *words);\n"
                                    "void serve(struct client *client, msg_info_t *info, uint64_t *words)\n"
                                    "{\n    disk_dispatch(client, info, words);\n}\n")


FAKE_CAP = """#pragma once
#include <stddef.h>
#include <stdint.h>
#include "abi/errors.h"
#include "abi/kernel_calls.h"
#define KERNEL_RESTART ((err_t)-1)
struct cap { uint8_t type; uint16_t rights; };
struct cap_table { struct cap caps[8]; };
struct invocation { struct cap *target; };
struct cap_table *invocation_table(const struct invocation *inv);
static inline err_t cap_lookup(struct cap_table *table, uint64_t addr, enum object_type type,
                               uint32_t rights, struct cap **found)
{
    if (addr >= 8 || table->caps[addr].type == 0) return ERR_BAD_CAP;
    if (table->caps[addr].type != type) return ERR_WRONG_TYPE;
    if ((table->caps[addr].rights & rights) != rights) return ERR_NO_RIGHT;
    *found = &table->caps[addr];
    return ERR_OK;
}
"""
DRIVER = """#include <stdio.h>
#include <string.h>
#include "kernel_gen/methods.h"
static struct cap_table table = { { { 0, 0 }, { 1, 0x101 }, { 2, 0x100 }, { 1, 0x100 }, { 2, 0 }, { 1, 1 } } };
static struct box_put_args seen;
static err_t answer;
struct cap_table *invocation_table(const struct invocation *inv) { (void)inv; return &table; }
err_t box_on_put(struct invocation *inv, const struct box_put_args *args, struct box_put_results *results)
{
    (void)inv;
    seen = *args;
    results->done = 7;
    results->sum = args->wide;
    return answer;
}
err_t box_on_empty(struct invocation *inv) { (void)inv; return answer; }
static int failures;
static void check(int line, uint32_t cap, uint64_t label, uint64_t words, uint64_t w0, uint64_t w2, uint64_t w3,
                  uint64_t w4, err_t returned, err_t want)
{
    struct invocation inv = { &table.caps[cap] };
    uint64_t before[8] = { w0, 99, w2, w3, w4, 5, 6, 7 };
    uint64_t after[8];
    msg_info_t info = MSG_INFO(label, words, 0);
    msg_info_t want_info = want == KERNEL_RESTART ? info : want || label != 1 ? 0 : MSG_INFO(0, 2, 0);
    answer = returned;
    memcpy(after, before, sizeof(after));
    err_t got = method_dispatch(&inv, &info, after);
    if (want == ERR_OK && label == 1) {
        before[0] = 7;
        before[1] = 99;
    }
    if (got != want || info != want_info || memcmp(before, after, sizeof(after)) != 0) {
        printf("line %d: wanted %d, got %d\\n", line, (int)want, (int)got);
        failures++;
    }
}
#define CHECK(...) check(__LINE__, __VA_ARGS__)
int main(void)
{
    CHECK(1, 1, 5, 1, 8, 1, 2, ERR_OK, ERR_OK);
    if (seen.size != 1 || seen.wide != 99 || seen.at != 8 || seen.lid != &table.caps[1] ||
        seen.into != &table.caps[2]) failures++;
    CHECK(1, 1, 5, 9, 0xffffffff, 0, 2, ERR_OK, ERR_OK);
    if (seen.lid != NULL) failures++;
    CHECK(1, 1, 5, 1, 8, 1, 2, ERR_BUSY, ERR_BUSY);
    CHECK(1, 1, 5, 1, 8, 1, 2, KERNEL_RESTART, KERNEL_RESTART);
    CHECK(1, 2, 0, 1, 8, 1, 2, ERR_OK, ERR_OK);
    CHECK(1, 2, 0, 1, 8, 1, 2, ERR_GONE, ERR_GONE);
    /* The order: method, right, words, ranges, capabilities from left to right. */
    CHECK(5, 3, 0, 0, 1ull << 32, 7, 7, ERR_OK, ERR_BAD_CALL);
    CHECK(2, 1, 0, 0, 1ull << 32, 7, 7, ERR_OK, ERR_BAD_CALL);
    CHECK(5, 1, 0, 0, 1ull << 32, 7, 7, ERR_OK, ERR_NO_RIGHT);
    CHECK(1, 1, 4, 0, 1ull << 32, 7, 7, ERR_OK, ERR_BAD_CALL);
    CHECK(1, 1, 5, 0, 8, 7, 7, ERR_OK, ERR_RANGE);
    CHECK(1, 1, 5, 10, 8, 7, 7, ERR_OK, ERR_RANGE);
    CHECK(1, 1, 5, (1ull << 32) + 1, 8, 7, 7, ERR_OK, ERR_RANGE);
    CHECK(1, 1, 5, 1, 1ull << 32, 7, 7, ERR_OK, ERR_RANGE);
    CHECK(1, 1, 5, 1, 8, 7, 1, ERR_OK, ERR_BAD_CAP);
    CHECK(1, 1, 5, 1, 8, (1ull << 32) + 1, 2, ERR_OK, ERR_BAD_CAP);
    CHECK(1, 1, 5, 1, 8, 2, 7, ERR_OK, ERR_WRONG_TYPE);
    CHECK(1, 1, 5, 1, 8, 3, 7, ERR_OK, ERR_NO_RIGHT);
    CHECK(1, 1, 5, 1, 8, 1, 0, ERR_OK, ERR_BAD_CAP);
    CHECK(1, 1, 5, 1, 8, 1, 1, ERR_OK, ERR_WRONG_TYPE);
    CHECK(1, 1, 5, 1, 8, 1, 4, ERR_OK, ERR_NO_RIGHT);
    return failures != 0;
}
"""


class Dispatch(Case):
    def test_dispatch_checks_in_order_and_answers_only_on_success(self):
        self.generate(BOX)
        self.write("fake/cap/cap.h", FAKE_CAP)
        self.write("fake/object/invocation.h", "#pragma once\n")
        driver = self.write("driver.c", DRIVER)
        program = os.path.join(self.folder, "driver")
        includes = [arg for folder in (os.path.join(self.folder, "fake"), INCLUDE,
                                       os.path.join(self.folder, "gen/include")) for arg in ("-I", folder)]
        done = subprocess.run(["gcc", *WARNINGS, "-O1", "-fsanitize=undefined", *includes, "-o", program,
                               driver, os.path.join(self.folder, "gen/kernel/dispatch.c")],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, "")
        done = subprocess.run([program], capture_output=True, text=True, check=False)
        self.assertEqual((done.stdout, done.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
