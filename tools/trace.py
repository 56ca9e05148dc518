#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Record what the kernel does in a system, as Chrome trace JSON (chrome://tracing, ui.perfetto.dev).

    tools/trace.py SYSTEM [--build build] [--type TEXT]... [--seconds 5] [--out build/trace.json]

Boots the system with trace=on, types each TEXT as a line, and after that many seconds reads the
trace ring (abi/trace.h) out of the guest's memory through QEMU's monitor. The ring keeps the
newest events. Tracks: one for each core (what the kernel does), one for each thread (when it runs).
The result is checked: every begin has its end, times rise in each track, each core and each thread
has one track, and on a core one thread runs at a time.
"""
import argparse
import bisect
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import qemu

RING_BYTES = 262144
EVENT = struct.Struct("<QIIQQQ24x")
ENTRY, EXIT, SWITCH, INTERRUPT, FAULT, IDLE, METHOD = range(1, 8)
KERNEL, THREADS = 0, 1  # the two groups of tracks
TIMER = 0xFFFFFFFF


def names_of(path):
    """Number -> name of system calls, kinds of fault and methods, from the interface definitions."""
    with open(path) as file:
        text = file.read()
    calls = {int(number): name for name, number in re.findall(r"^syscall (\w+) (\d+)", text, re.M)}
    faults = re.search(r"^enum fault .*\n((?: .*\n)+)", text, re.M)[1]
    methods = {}
    for kind, name, number in re.findall(r"^(interface|op) (\w+) (\d+)", text, re.M):
        if kind == "interface":
            interface = int(number), name
        else:
            methods[interface[0], int(number)] = f"{interface[1]}.{name}"
    return calls, {int(number): name for name, number in re.findall(r"(\w+) (\d+)", faults)}, methods


def read_ring(data):
    """
    The events of a ring, oldest first, as tuples (time, kind, core, thread, a, b). Where the next one
    goes, the kernel may have been stopped in the middle of writing it: the oldest is left out.
    """
    head, = struct.unpack_from("<Q", data)
    slots = len(data) // EVENT.size - 1
    first = max(0, head + 1 - slots)
    return [EVENT.unpack_from(data, (1 + n % slots) * EVENT.size) for n in range(first, head)]


class Tracks:
    """Begins and ends, in the order of time; what is open at the end is closed there."""

    def __init__(self):
        self.out = []
        self.open = {}

    def begin(self, track, name, time_ns, args=None):
        self.add("B", track, time_ns, name=name, args=args or {})
        self.open.setdefault(track, []).append(self.out[-1])

    def rename(self, track, name):
        """What was begun last turns out to be something more special."""
        if self.open.get(track):
            self.open[track][-1]["name"] = name

    def end(self, track, time_ns):
        if self.open.get(track):
            self.open[track].pop()
            self.add("E", track, time_ns)

    def add(self, phase, track, time_ns, **more):
        self.out.append({"ph": phase, "pid": track[0], "tid": track[1], "ts": time_ns / 1000, **more})

    def close(self, time_ns):
        for track, begins in self.open.items():
            while begins:
                self.end(track, time_ns)

    def title(self, track, name):
        self.out.append({"ph": "M", "name": "thread_name", "pid": track[0], "tid": track[1],
                         "args": {"name": name}})


class Threads:
    """A track for each thread, with a slice for each time that it runs; one at a time on a core."""

    def __init__(self, tracks):
        self.tracks = tracks
        self.numbers = {}
        self.running = {}  # core -> thread; 0 while it idles

    def track(self, thread):
        return (THREADS, self.numbers.setdefault(thread, len(self.numbers) + 1))

    def switch(self, core, thread, time_ns, args=None):
        if self.running.get(core):
            self.tracks.end(self.track(self.running[core]), time_ns)
        self.running[core] = thread
        if thread:
            self.tracks.begin(self.track(thread), "runs", time_ns, args)

    def follow(self, core, thread, time_ns):
        """The switch to it may be lost, and one that goes on after an idle time writes none."""
        if self.running.get(core) != thread:
            self.switch(core, thread, time_ns)


def convert(events, calls, faults, methods):
    tracks = Tracks()
    threads = Threads(tracks)
    for time_ns, kind, core, thread, a, b in events:
        kernel = (KERNEL, core)
        if kind not in (SWITCH, IDLE):
            threads.follow(core, thread, time_ns)
        if kind == ENTRY:
            tracks.begin(kernel, calls.get(a, f"system call {a}"), time_ns,
                         {"label": b >> 32, "capability": b & 0xFFFFFFFF})
        elif kind == INTERRUPT:
            tracks.begin(kernel, "timer" if a == TIMER else f"interrupt {a}", time_ns)
        elif kind == FAULT:
            tracks.begin(kernel, f"fault {faults.get(a, a)}", time_ns, {"address": f"{b:#x}"})
        elif kind == EXIT:
            tracks.end(kernel, time_ns)
        elif kind == METHOD:
            tracks.rename(kernel, methods.get((a, b), f"method {a}.{b}"))
        elif kind == SWITCH:
            threads.switch(core, a, time_ns, {"rank": b})
        elif kind == IDLE:
            threads.switch(core, 0, time_ns)
    tracks.close(events[-1][0] if events else 0)
    for core in {event[2] for event in events}:
        tracks.title((KERNEL, core), f"kernel, core {core}")
    for address, number in threads.numbers.items():
        tracks.title((THREADS, number), f"thread {number} ({address:#x})")
    for pid, name in ((KERNEL, "kernel"), (THREADS, "threads")):
        tracks.out.append({"ph": "M", "name": "process_name", "pid": pid, "tid": 0,
                           "args": {"name": name}})
    return {"traceEvents": tracks.out, "displayTimeUnit": "ns"}


def check(trace):
    """What is wrong with a trace; nothing, it is hoped."""
    wrong = []
    last = {}
    depth = {}
    titles = {}
    for event in trace["traceEvents"]:
        track = (event["pid"], event["tid"])
        if event["ph"] == "M":
            if event["name"] == "thread_name":
                if track in titles:
                    wrong.append(f"track {track} is named twice")
                titles[track] = event["args"]["name"]
            continue
        if event["ts"] < last.get(track, 0):
            wrong.append(f"time falls in track {track} at {event['ts']} us")
        last[track] = event["ts"]
        depth[track] = depth.get(track, 0) + (1 if event["ph"] == "B" else -1)
        if depth[track] < 0:
            wrong.append(f"an end without a begin in track {track} at {event['ts']} us")
    wrong += [f"{count} begins without an end in track {track}"
              for track, count in depth.items() if count > 0]
    wrong += [f"track {track} has no name" for track in depth if track not in titles]
    return wrong


def slices_of_threads(trace):
    """Address of a thread -> when its slices begin, and when they end."""
    addresses = {event["tid"]: int(re.search(r"\((0x[0-9a-f]+)\)", event["args"]["name"])[1], 16)
                 for event in trace["traceEvents"]
                 if event["ph"] == "M" and event["name"] == "thread_name" and event["pid"] == THREADS}
    slices = {}
    for event in trace["traceEvents"]:
        if event["ph"] != "M" and event["pid"] == THREADS and event["tid"] in addresses:
            which = 0 if event["ph"] == "B" else 1
            slices.setdefault(addresses[event["tid"]], ([], []))[which].append(event["ts"])
    return slices


def check_tracks(trace, events):
    """
    What does not agree with the events: each core and each thread has one track, a thread that enters
    or leaves the kernel runs, and no more threads run at a time than there are cores.
    """
    wrong = []
    titles = [event["args"]["name"] for event in trace["traceEvents"]
              if event["ph"] == "M" and event["name"] == "thread_name"]
    wanted = [f"kernel, core {core}" for core in {event[2] for event in events}]
    slices = slices_of_threads(trace)
    for address in {event[3] for event in events if event[3]}:
        if sum(f"({address:#x})" in title for title in titles) != 1:
            wrong.append(f"the thread at {address:#x} has no track of its own")
        begins, ends = slices.get(address, ([], []))
        for event in events:
            at = bisect.bisect_right(begins, event[0] / 1000) - 1
            if event[3] == address and (at < 0 or ends[at] < event[0] / 1000):
                wrong.append(f"the thread at {address:#x} does not run at {event[0]} ns")
    wrong += [f"{title} is no track" for title in wanted if titles.count(title) != 1]
    open_now = 0
    for event in trace["traceEvents"]:
        if event["ph"] != "M" and event["pid"] == THREADS:
            open_now += 1 if event["ph"] == "B" else -1
            if open_now > len(wanted):
                wrong.append(f"more threads than cores run at {event['ts']} us")
    return wrong


class Guest:
    """A system in the emulator, with its serial port and monitor."""

    def __init__(self, args, folder):
        settings = qemu.settings_of(args.system)
        settings["icount"] = False
        settings["append"] = (settings["append"] + " trace=on").strip()
        self.path = os.path.join(folder, "monitor")
        command = qemu.command_for(args.system, args.build, settings)
        command += ["-qmp", f"unix:{self.path},server=on,wait=off"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, bufsize=0)
        self.ring = None
        self.lines = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for raw in self.process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            self.lines.append(line)
            found = re.search(r"trace: ring at 0x([0-9a-f]+)", line)
            if found:
                self.ring = int(found[1], 16)

    def type(self, text):
        for character in text + "\n":
            self.process.stdin.write(character.encode())
            time.sleep(0.02)  # the console polls

    def save(self, path):
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(10)
            monitor.connect(self.path)
            stream = monitor.makefile("rw")
            stream.readline()
            for name, arguments in (("qmp_capabilities", {}), ("stop", {}),
                                    ("pmemsave", {"val": self.ring, "size": RING_BYTES,
                                                  "filename": path}), ("quit", {})):
                stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
                stream.flush()
                reply = {}
                while "return" not in reply:
                    reply = json.loads(stream.readline())
                    if "error" in reply:
                        sys.exit(f"trace: QEMU refused {name}: {reply['error']['desc']}")

    def end(self):
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()


def record(args, folder):
    guest = Guest(args, folder)
    try:
        time.sleep(args.seconds)
        for text in args.type:
            guest.type(text)
            time.sleep(args.seconds)
        if guest.process.poll() is not None or guest.ring is None:
            sys.exit("trace: the system ended before it could be read:\n" + "\n".join(guest.lines))
        path = os.path.join(folder, "ring")
        guest.save(path)
    finally:
        guest.end()
    with open(path, "rb") as file:
        data = file.read()
    return read_ring(data), struct.unpack_from("<Q", data)[0]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system")
    parser.add_argument("--build", default="build")
    parser.add_argument("--type", action="append", default=[])
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--out", default="build/trace.json")
    return parser.parse_args()


def main():
    args = arguments()
    with tempfile.TemporaryDirectory() as folder:
        events, head = record(args, folder)
    trace = convert(events, *names_of("abi/idl/kernel.idl"))
    with open(args.out, "w") as file:
        json.dump(trace, file)
    wrong = check(trace) + check_tracks(trace, events)
    for line in wrong[:20]:
        print(line)
    threads = len({event[3] for event in events if event[3]})
    print(f"{args.out}: {len(events)} of {head} events, {threads} threads; open it in a browser's "
          "chrome://tracing or ui.perfetto.dev")
    sys.exit(1 if wrong or not events else 0)


if __name__ == "__main__":
    main()
