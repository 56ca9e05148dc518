#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests of tools/system.py: what it refuses and says, and what it makes."""
import os
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = os.path.join(TOP, "tools", "system.py")
sys.path.insert(0, os.path.join(TOP, "tools"))

from system import check, emit, layout, source  # noqa: E402


def program(name, **keys):
    """A program that is right, with some keys changed; None takes a key off."""
    values = {"program": f'"{name}_bin"', "priority": "100", "budget_us": "1000",
              "period_us": "10000", "memory_kib": "256"}
    values.update(keys)
    lines = [f"{key} = {value}" for key, value in values.items() if value is not None]
    return "\n".join([f"[program.{name}]"] + lines) + "\n"


HEAD = 'root = "root"\n'


def checked(text):
    return check.check(source.Source("test.toml", HEAD + text))


class Refuses(unittest.TestCase):
    def says(self, text, line, *words):
        """Exactly one problem, on that line (the first line of text is 2), with these words."""
        try:
            problems = checked(text).problems
        except source.Problem as problem:
            problems = [problem]
        said = [str(problem) for problem in problems]
        self.assertEqual(len(said), 1, said)
        self.assertTrue(said[0].startswith(f"test.toml:{line}: "), said[0])
        for word in words:
            self.assertIn(word, said[0])

    def test_no_toml(self):
        self.says("a = = 2\n", 2, "this is no TOML")

    def test_no_root(self):
        problems = check.check(source.Source("t", program("a"))).problems
        self.assertIn('write  root = "root"', str(problems[0]))

    def test_unknown_keys(self):
        self.says("rot = 1\n", 2, "no key rot", "program")
        self.says(program("a", prio="1"), 8, "a: there is no key prio", "priority")

    def test_missing_keys(self):
        self.says(program("a", priority=None), 2, "a: priority is missing", "write priority = 0 .. 255")

    def test_children(self):
        server = program("b", offers='["disk"]', session_kib="64")
        parent = {"children": "2", "child_uses": '["disk"]', "uses": '["disk"]'}
        self.says(program("a", children="17"), 8, "children = 17 is not possible", "1 .. 16")
        self.says(program("a", children="2", child_uses='["net"]'), 9, "child_uses net, which nobody offers")
        self.says(program("a", children="2", child_priority="100"), 9, "as important as a", "99 or less")
        self.says(program("a", children="2", child_budget_us="20000"), 9, "longer than their period")
        self.says(program("a", children="16", child_uses="[" + ", ".join(f'"i{n}"' for n in range(2)) + "]") +
                  program("b", offers='["i0"]') + program("c", offers='["i1"]'), 8, "would get 88 capabilities")
        self.says(program("a", children="16", child_threads="4"), 9, "time for 64 threads of children", "child_threads = 3")
        self.says(program("a", children="2", child_threads="17"), 9, "child_threads = 17 is not possible", "0 .. 16")
        self.says(program("a", parent='"init"', children="2"), 8, "a child of init is alone")
        self.says(program("a", pool_kib="64"), 8, "a starts no programs", "take it off, or write children")
        self.says(program("a", children="2", pool_kib="1000000"), 7, "the programs are promised")
        self.says(program("a", grants_kib="64"), 8, "a has no clients, or no memory", "take off grants_kib")
        self.says(program("a", grants_kib="40", session_kib="64", offers='["file"]', uses='["disk"]') + server, 8,
                  "shares 64 KiB with its server", "write grants_kib = 32 or less")
        system = checked(server + program("a", **parent))
        self.assertEqual([], [str(problem) for problem in system.problems])
        places = [p for p in system.programs if p.is_child]
        self.assertEqual(["a.0", "a.1"], [p.name for p in places])
        self.assertEqual({system.programs[1].rank + 1}, {p.rank for p in places})

    def views(self, view, key="view", uses='["file"]', names='["file"]', session_kib="64"):
        """A file server, the name space, and a program with a view; in which its view has line 9."""
        keys = {"uses": uses, key: view} if key == "view" else {"children": "2", "child_uses": uses, key: view}
        return (program("a", **keys) + program("b", offers='["file"]', session_kib=session_kib) +
                program("c", offers='["names"]', uses=names, resources='["archive"]'))

    def test_views(self):
        for text, words in (("/tmp", ('"/tmp" is no part of a view', 'write "/PATH = INTERFACE:/PATH"')),
                            ("/=file:/", ("is no part of a view",)), ("/ = file:/ writable", ("is no part of a view",)),
                            ("/ = file", ("is no part of a view",)),
                            ("tmp = file:/", ('where it stands is "tmp"; write a path from the top',)),
                            ("/ = file:", ('what stands there is ""; write a path from the top',)),
                            ("/a/../b = file:/", ('where it stands is "/a/../b"',)),
                            ("/ = file:/a/..", ('what stands there is "/a/.."',)),
                            ("/a/ = file:/", ('where it stands is "/a/"',)),
                            ("/ = file://", ('what stands there is "//"',)),
                            (f"/{'a' * 47} = file:/", ("where it stands is too long; write at most 47 bytes",)),
                            (f"/ = file:/{'a' * 39}", ("what stands there is too long; write at most 39 bytes",)),
                            ("/ = disk:/", ("disk is no file server that c knows; write one of file",)),
                            ("/ = system:/", ("system is no file server that c knows",)),
                            ("/ = names:/", ("names is no file server that c knows",))):
            self.says(self.views(f'["{text}"]'), 9, "a: ", *words)
        self.says(self.views('["/ = file:/", "/a = file:/b", "/a = file:/c read-only"]'), 9,
                  "a: two parts of its view stand at /a; take one off")
        self.says(self.views("[" + ", ".join(f'"/{n} = file:/"' for n in range(9)) + "]"), 9, "has 9 parts; write at most 8")
        self.says(self.views('["/ = file:/"]', uses="[]"), 9, "it may not call file; add file to its uses")
        self.says(self.views('["/ = file:/"]', key="child_view", uses="[]"), 10, "may not call file; add file to its child_uses")
        self.says(self.views('["/ = file:/"]', session_kib="20"), 17, "with 20 KiB", "session_kib = 24 or more")
        self.says(self.views('["/ = file:/"]').replace('resources = ["archive"]\n', ""), 18, 'write resources = ["archive"]')
        self.says(program("a", view="[]"), 2, "a uses names, which nobody offers")
        self.says(self.views("[]") + program("d", uses='["names"]'), 33, "d uses names and has no view")

    def test_a_view_of_too_many_servers(self):
        names = [f"f{n}" for n in range(5)]
        text = "".join(program(name, offers=f'["{name}"]', session_kib="64") for name in names)
        every = "[" + ", ".join(f'"{name}"' for name in names) + "]"
        view = "[" + ", ".join(f'"/{name} = {name}:/"' for name in names) + "]"
        self.says(program("a", uses=every, view=view) + text + program("c", offers='["names"]', uses=every,
                                                                       resources='["archive"]'), 9, "of 5 servers; write at most 4")

    def test_children_come_last_and_name_their_parent(self):
        system = checked(program("a", children="2") + program("b"))
        data = emit.binary(system)
        head, one = layout.size_of("HEADER"), layout.size_of("PROGRAM")
        self.assertEqual(2, layout.unpack("HEADER", data[:head])["child_count"])
        records = [layout.unpack("PROGRAM", data[head + n * one:head + (n + 1) * one]) for n in range(4)]
        self.assertEqual([0, 0, 1, 1], [record["parent"] for record in records])
        self.assertEqual(["a", "b", "a.0", "a.1"], [record["name"] for record in records])

    def test_devices_interrupt_for_the_most_important_that_may_wait(self):
        system = checked(program("a", priority="200", uses='["b"]') +
                         program("b", priority="120", offers='["b"]', uses='["c"]') +
                         program("c", priority="90", offers='["c"]') + program("d", priority="250"))
        data = emit.binary(system)
        head, one = layout.size_of("HEADER"), layout.size_of("PROGRAM")
        bands = [layout.unpack("PROGRAM", data[head + n * one:head + (n + 1) * one])["irq_band"] for n in range(4)]
        self.assertEqual([200 // 16, 200 // 16, 200 // 16, 250 // 16], bands)

    def test_values(self):
        for key, value, word in (("priority", "256", "0 .. 255"), ("priority", "true", "0 .. 255"),
                                 ("budget_us", "9", "10 or more"), ("debug", '"yes"', "read-write"),
                                 ("start", '"now"', '"manual"'), ("uses", '"x"', "[")):
            line = 2 + 1 + ["program", "priority", "budget_us", "period_us", "memory_kib"].index(key) \
                if key in ("priority", "budget_us") else 8
            self.says(program("a", **{key: value}), line, f"a: {key} =", word)

    def test_long_names(self):
        self.says(program("a" * 16, program='"x"'), 2, "too long", "15 bytes")
        self.says(program("a", args='"' + "x" * 64 + '"'), 8, "too long", "63 bytes")

    def test_unknown_interface(self):
        self.says(program("a", uses='["disk"]'), 8, "a uses disk, which nobody offers", "system")

    def test_own_interface(self):
        self.says(program("a", offers='["x"]', uses='["x"]'), 9, "offers itself")

    def test_calls_go_without_a_session(self):
        text = program("a", calls='["x"]') + program("b", offers='["x"]', session_kib="64") + program("c", uses='["x"]')
        system = checked(text)
        self.assertEqual(system.problems, [])
        data, head, one = emit.binary(system), layout.size_of("HEADER"), layout.size_of("PROGRAM")
        records = [layout.unpack("PROGRAM", data[head + n * one:head + (n + 1) * one]) for n in range(3)]
        self.assertEqual([(p["uses"], p["calls"]) for p in records], [(2, 2), (0, 0), (2, 0)])
        self.assertGreater(records[0]["rank"], records[1]["rank"])
        self.says(program("a", calls='["nowhere"]'), 8, "which nobody offers")
        self.says(program("a", calls='["y"]', offers='["x"]') + program("b", offers='["y"]', calls='["x"]'), 2, "circle")

    def test_two_servers(self):
        self.says(program("a", offers='["x"]') + program("b", offers='["x"]'), 15,
                  "b: the interface x is offered by a already")
        self.says(program("a", offers='["system"]'), 8, "offered by the warden already")

    def test_several_interfaces(self):
        self.says(program("a", offers='["x", "y"]'), 8, "several interfaces")

    def test_circle(self):
        self.says(program("a", offers='["x"]', uses='["y"]') + program("b", offers='["y"]',
                                                                      uses='["x"]'),
                  9, "circle: a > b > a", "notification")

    def test_long_chain(self):
        text = "".join(program(f"p{i}", offers=f'["i{i}"]', uses=f'["i{i + 1}"]' if i < 13 else "[]")
                       for i in range(14))
        self.says(text, 9, "13 levels", "at most 13")

    def test_device_of_two(self):
        text = program("bus", offers='["pci"]') + program("a", device='"virtio-blk"') + \
            program("b", device='"virtio-blk"')
        self.says(text, 22, "the virtio-blk number 0 belongs to a", "another device_index")

    def test_device_without_pci_server(self):
        self.says(program("a", device='"virtio-blk"'), 2, "a uses pci, which nobody offers")

    def test_unknown_device(self):
        self.says(program("a", device='"floppy"'), 8, "write device = one of edu, virtio-blk")

    def test_sessions_without_interface(self):
        self.says(program("a", session_kib="64"), 8, "offers nothing", "take off session_kib")

    def test_child_of_init_alone(self):
        self.says(program("a", parent='"init"', uses='["system"]'), 8, "a child of init is alone")

    def test_unknown_resource(self):
        self.says(program("a", resources='["ports"]'), 8, "no resource ports", "write one of archive, com1, com2, ecam, trace")

    def test_ports_have_one_owner_who_alone_hears_what_is_typed(self):
        uart = program("a", resources='["com1"]')
        self.says(uart + program("b", resources='["com1"]'), 15, "a has com1 already")
        self.says(program("a", resources='["com1", "com2"]'), 8, "a drives several devices")
        self.says(uart + program("b", debug='"read-write"'), 15, "goes to a, which has com1", 'write debug = "write"')
        self.says(program("a", resources='["com1"]', parent='"init"'), 9, "a child of init is alone")
        self.assertEqual(checked(uart + program("b", resources='["com2"]', debug='"write"')).problems, [])

    def test_ports_and_line_are_told(self):
        data = emit.binary(checked(program("a", resources='["com2"]') + program("b", may_wait="true")))
        head, one = layout.size_of("HEADER"), layout.size_of("PROGRAM")
        first = layout.unpack("PROGRAM", data[head:head + one])
        self.assertEqual((0x2F8, 8, 4), (first["ports_first"], first["ports_count"], first["line"]))
        second = layout.unpack("PROGRAM", data[head + one:head + 2 * one])
        self.assertEqual((0, 0, 0), (second["ports_first"], second["ports_count"], second["line"]))
        self.assertTrue(second["flags"] & layout.CONSTANTS["DESCRIPTION_MAY_WAIT"])
        self.assertFalse(first["flags"] & layout.CONSTANTS["DESCRIPTION_MAY_WAIT"])

    def test_dma_mistyped(self):
        self.says('dma = "yes"\n' + program("a"), 2, '"trusted"')

    def test_budget_longer_than_period(self):
        self.says(program("a", budget_us="500", period_us="400"), 5, "longer than the period",
                  "budget_us = 400")

    def test_core_promised_too_often(self):
        self.says(program("a", budget_us="6000") + program("b", budget_us="5000"), 11,
                  "core 0 is promised 110%", "a 60%, b 50%", "another core")

    def test_each_thread_has_a_budget(self):
        self.says(program("a", budget_us="3000", threads="3"), 5, "core 0 is promised 120%", "a 120%")

    def test_too_many_threads(self):
        self.says(program("a", threads="17"), 8, "threads = 17 is not possible", "write threads = 0 .. 16")

    def test_priority_0_is_promised_nothing(self):
        text = program("a", budget_us="10000") + program("b", budget_us="10000", priority="0")
        self.assertEqual(checked(text).problems, [])

    def test_two_cores_hold_more(self):
        text = "[run]\ncores = 2\n" + program("a", budget_us="6000") + \
            program("b", budget_us="5000", core="1")
        self.assertEqual(checked(text).problems, [])

    def test_no_such_core(self):
        self.says(program("a", core="1"), 8, "there is no core 1", "write core = 0 .. 0")

    def test_memory(self):
        self.says('[run]\nmemory = "64M"\n' + program("a") + program("b", memory_kib="40000"), 15,
                  "promised", "32768 are there", "b has most")
        self.says('[run]\nmemory = "lots"\n' + program("a"), 3, "is no size")

    def test_binary(self):
        with tempfile.TemporaryDirectory() as folder:
            system = check.check(source.Source("t", HEAD + program("a")), folder)
            self.assertIn("there is no program a_bin", str(system.problems[0]))

    def test_memory_for_the_image(self):
        segment = (1).to_bytes(4, "little") + bytes(12) + (0x400000).to_bytes(8, "little") + \
            bytes(16) + (1 << 20).to_bytes(8, "little") + bytes(8)
        head = b"\x7fELF" + bytes(28) + (64).to_bytes(8, "little") + bytes(14) + \
            (56).to_bytes(2, "little") + (1).to_bytes(2, "little") + bytes(6)
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "a_bin"), "wb") as file:
                file.write(head + segment)
            system = check.check(source.Source("t", HEAD + program("a")), folder)
            self.assertIn("a needs 1152 KiB to start", str(system.problems[0]))
            system = check.check(source.Source("t", HEAD + program("a", memory_kib="1152")), folder)
            self.assertEqual(system.problems, [])

    def test_all_problems_at_once_in_order(self):
        system = checked(program("a", priority="999", uses='["x"]') + program("b", core="99"))
        lines = [problem.line for problem in system.problems]
        self.assertEqual(lines, sorted(lines))
        self.assertEqual(len(lines), 3)


class Makes(unittest.TestCase):
    TEXT = program("top", uses='["mid", "system"]', start='"manual"', debug='"read-write"') + \
        program("mid", offers='["mid"]', uses='["low"]', args='"a b"', restart='"always"') + \
        program("low", offers='["low"]', fpu="true")

    def records(self):
        data = emit.binary(checked(self.TEXT))
        head = layout.unpack("HEADER", data[:layout.size_of("HEADER")])
        at, found = layout.size_of("HEADER"), []
        for record, count in (("PROGRAM", head["program_count"]),
                              ("INTERFACE", head["interface_count"])):
            size = layout.size_of(record)
            found.append([layout.unpack(record, data[at + i * size:at + (i + 1) * size])
                          for i in range(count)])
            at += size * count
        self.assertEqual(head["bytes"], len(data))
        self.assertEqual(at, len(data))
        return found

    def test_no_program_is_a_system_too(self):
        self.assertEqual(checked('programs = ["x"]\n[run]\nmemory = "64M"\n').problems, [])

    def test_ranks(self):
        programs, interfaces = self.records()
        self.assertEqual([(p["name"], p["rank"]) for p in programs],
                         [("top", 4), ("mid", 3), ("low", 2)])
        self.assertEqual([(i["name"], i["rank"]) for i in interfaces],
                         [("system", 1), ("mid", 3), ("low", 2)])

    def test_programs(self):
        (top, mid, low), interfaces = self.records()
        c = layout.CONSTANTS
        self.assertEqual(top["flags"], c["DESCRIPTION_DEBUG_READ"] | c["DESCRIPTION_DEBUG_WRITE"] |
                         c["DESCRIPTION_PROBE"])
        self.assertEqual(mid["flags"], c["DESCRIPTION_START"] | c["DESCRIPTION_PROBE"])
        self.assertEqual(low["flags"], c["DESCRIPTION_START"] | c["DESCRIPTION_FPU"] |
                         c["DESCRIPTION_PROBE"])
        self.assertEqual((top["uses"], mid["uses"], low["uses"]), (0b011, 0b100, 0))
        self.assertEqual((top["restart_limit"], mid["restart_limit"]), (0, 3))
        self.assertEqual((mid["binary"], mid["args"]), ("mid_bin", "a b"))
        self.assertEqual((mid["memory_bytes"], mid["budget_ns"]), (256 * 1024, 1000000))
        self.assertEqual([i["server"] for i in interfaces], [c["DESCRIPTION_WARDEN"], 1, 2])

    def test_views(self):
        system = checked(program("a", children="2", uses='["file"]', child_uses='["file"]', view='["/ = file:/", "/x = file:/y read-only"]',
                                 child_view='["/c = file:/d"]') + program("b", offers='["file"]', session_kib="64") +
                         program("c", offers='["names"]', uses='["file"]', resources='["archive"]') + program("d", uses='["file"]'))
        self.assertEqual([], [str(problem) for problem in system.problems])
        data, c = emit.binary(system), layout.CONSTANTS
        head, one = layout.size_of("HEADER"), layout.size_of("PROGRAM")
        header = layout.unpack("HEADER", data[:head])
        flags = [layout.unpack("PROGRAM", data[head + n * one:head + (n + 1) * one])["flags"] for n in range(6)]
        viewed, names = c["DESCRIPTION_VIEWED"], c["DESCRIPTION_NAMES"] | c["DESCRIPTION_ARCHIVE"]
        self.assertEqual([viewed, 0, names, 0, viewed, viewed], [flag & (viewed | names) for flag in flags])
        size = layout.size_of("VIEW")
        views = [layout.unpack("VIEW", data[len(data) - size * n:len(data) - size * (n - 1)]) for n in (4, 3, 2, 1)]
        self.assertEqual((4, len(data)), (header["view_count"], header["bytes"]))
        self.assertEqual([(0, 0, "file", "/", "/"), (0, c["DESCRIPTION_VIEW_READ_ONLY"], "file", "/x", "/y"),
                          (4, 0, "file", "/c", "/d"), (5, 0, "file", "/c", "/d")],
                         [tuple(view[key] for key in ("program", "flags", "server", "path", "base")) for view in views])
        drawn = emit.graph(system)
        for words in ("\\n/x = file:/y read-only", "\\nchildren: /c = file:/d", '"program a" -> "program c" [label="names"]'):
            self.assertIn(words, drawn)

    def test_same_bytes(self):
        self.assertEqual(emit.binary(checked(self.TEXT)), emit.binary(checked(self.TEXT)))

    def test_graph(self):
        drawn = emit.graph(checked(self.TEXT))
        for edge in ('"program top" -> "program mid" [label="mid"]',
                     '"program mid" -> "program low" [label="low"]',
                     '"program top" -> "warden" [label="system"]'):
            self.assertIn(edge, drawn)
        self.assertNotIn('"program low" -> "program', drawn)

    def test_layout_is_what_c_has(self):
        code = '#include "system/description.h"\n#include <stdio.h>\nint main(void) { printf(' \
            '"%zu %zu %zu %zu", sizeof(struct description_header), sizeof(struct description_program), ' \
            'sizeof(struct description_interface), sizeof(struct description_view)); }'
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "sizes")
            subprocess.run(["gcc", "-I", os.path.join(TOP, "lib/system/include"), "-I",
                            os.path.join(TOP, "abi/include"), "-x", "c", "-", "-o", path], input=code, text=True, check=True)
            sizes = subprocess.run([path], capture_output=True, text=True, check=True).stdout
        self.assertEqual([int(size) for size in sizes.split()],
                         [layout.size_of(r) for r in ("HEADER", "PROGRAM", "INTERFACE", "VIEW")])


class Tool(unittest.TestCase):
    def run_tool(self, *args):
        return subprocess.run([sys.executable, "-B", TOOL, *args], capture_output=True, text=True,
                              check=False)

    def test_the_systems_of_the_tree_are_right(self):
        folder = os.path.join(TOP, "systems")
        for name in sorted(os.listdir(folder)):
            if name.endswith(".toml"):
                done = self.run_tool(os.path.join(folder, name))
                self.assertEqual((done.returncode, done.stderr), (0, ""), name)

    def test_list_and_out(self):
        with tempfile.TemporaryDirectory() as folder:
            path, out = os.path.join(folder, "s.toml"), os.path.join(folder, "s.bin")
            with open(path, "w", encoding="utf-8") as file:
                file.write(HEAD + Makes.TEXT)
            done = self.run_tool(path, "--list", "--out", out)
            self.assertEqual(done.stdout.split(), ["root", "low_bin", "mid_bin", "top_bin"])
            with open(out, "rb") as file:
                self.assertEqual(file.read(), emit.binary(checked(Makes.TEXT)))

    def test_problems_end_with_status_1(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "s.toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write("x = 1\n")
            done = self.run_tool(path, "--out", path + ".bin")
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{path}:1: ", done.stderr)
            self.assertFalse(os.path.exists(path + ".bin"))
        self.assertEqual(self.run_tool("/nowhere.toml").returncode, 1)


class Bases(unittest.TestCase):
    def of(self, text, base=HEAD + program("a") + program("b")):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "first.toml"), "w", encoding="utf-8") as file:
                file.write(base)
            return check.check(source.Source(os.path.join(folder, "second.toml"), text))

    def test_what_is_not_said_is_the_bases(self):
        system = self.of('base = "first"\n[program.b]\npriority = 7\n' + program("c"))
        self.assertEqual(system.problems, [])
        self.assertEqual([p.name for p in system.programs], ["a", "b", "c"])
        self.assertEqual([p.priority for p in system.programs][1], 7)
        self.assertEqual(len({p.budget_us for p in system.programs}), 1)

    def test_a_problem_is_where_its_line_is(self):
        said = str(self.of('base = "first"\n', HEAD + program("a", prio="1")).problems[0])
        self.assertIn("first.toml:8: a: there is no key prio", said)
        said = str(self.of('base = "first"\n\n[program.a]\nprio = 1\n').problems[0])
        self.assertIn("second.toml:4: a: there is no key prio", said)

    def test_a_base_is_there_and_has_none(self):
        with self.assertRaisesRegex(source.Problem, "second.toml:1: there is no .*none.toml"):
            self.of('base = "none"\n')
        with self.assertRaisesRegex(source.Problem, "first.toml:1: the base of another system has none"):
            self.of('base = "first"\n', 'base = "second"\n')


if __name__ == "__main__":
    unittest.main()
