#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/trace.py: rings are read in order, traces of them are whole, and the checker finds what is wrong."""
import os
import random
import struct
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
import trace  # noqa: E402

CALLS, FAULTS, METHODS = {0: "call"}, {1: "NOT_PRESENT"}, {(14, 4): "machine.restart"}


def ring_of(events, slots):
    data = bytearray(64 * (slots + 1))
    struct.pack_into("<Q", data, 0, len(events))
    for number, event in enumerate(events):
        trace.EVENT.pack_into(data, 64 * (1 + number % slots), *event)
    return bytes(data)


def begin_and_end(start):
    return [(start, trace.ENTRY, 0, 7, 0, 0), (start + 5, trace.EXIT, 0, 7, 0, 7)]


def converted(events):
    return trace.convert(events, CALLS, FAULTS, METHODS)


def wrong_with(events):
    made = converted(events)
    return trace.check(made) + trace.check_tracks(made, events)


class Kernel:
    """Writes events as kernel/core does, of a random life of some threads."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.events = []
        self.now = 1
        self.current = 0
        self.entered = 0

    def write(self, kind, a=0, b=0):
        self.now += self.random.choice((0, 1, 70, 10**7))
        self.events.append((self.now, kind, 0, self.current, a, b))

    def enter(self):
        kinds = [trace.INTERRUPT] + ([trace.ENTRY] * 4 + [trace.FAULT] if self.current else [])
        kind = self.random.choice(kinds)
        self.write(kind, 0)
        if kind == trace.ENTRY and self.random.random() < 0.3:
            self.write(trace.METHOD, 14, 4)

    def leave(self):
        was, chance = self.current, self.random.random()
        if chance < 0.3 or was == 0:
            self.current = 0xFFFF800000000000 + 0x1000 * self.random.randrange(5)
            if self.current != self.entered:  # the same one after an idle time is no switch
                self.entered = self.current
                self.write(trace.SWITCH, self.current, 3)
        elif chance < 0.4:
            self.current = 0
            self.write(trace.IDLE)
        self.write(trace.EXIT, 0, self.current)

    def run(self, count):
        self.leave()  # boot
        while len(self.events) < count:
            self.enter()
            self.leave()
        return self.events


class Ring(unittest.TestCase):
    def test_events_come_oldest_first_after_the_ring_went_round(self):
        events = [(10 * n, trace.ENTRY, 0, 7, n, 0) for n in range(11)]
        self.assertEqual(trace.read_ring(ring_of(events, 4)), events[8:])

    def test_one_that_is_half_written_is_left_out(self):
        events = [(10 * n, trace.ENTRY, 0, 7, n, 0) for n in range(11)]
        data = bytearray(ring_of(events, 4))
        struct.pack_into("<Q", data, 64 * (1 + 11 % 4), 110)  # its time; head does not count it yet
        self.assertEqual(trace.read_ring(data), events[8:])

    def test_all_are_there_while_they_fit(self):
        events = begin_and_end(10)
        self.assertEqual(trace.read_ring(ring_of(events, 4)), events)

    def test_an_empty_ring_has_no_events(self):
        self.assertEqual(trace.read_ring(ring_of([], 4)), [])


class LongRun(unittest.TestCase):
    """Whatever of it the ring still holds makes a whole trace."""

    def test_a_ring_of_the_real_size(self):
        for seed in range(5):
            events = Kernel(seed).run(50000)
            read = trace.read_ring(ring_of(events, trace.RING_BYTES // 64 - 1))
            self.assertEqual(read, events[-4094:])
            self.assertEqual(wrong_with(read), [])

    def test_wherever_the_oldest_was_lost(self):
        events = Kernel(99).run(700)
        for first in range(len(events)):
            self.assertEqual(wrong_with(events[first:]), [], f"from event {first}")

    def test_wherever_it_ended(self):
        events = Kernel(98).run(700)
        for end in range(1, len(events)):
            self.assertEqual(wrong_with(events[:end]), [], f"up to event {end}")

    def test_times_of_weeks_keep_their_nanoseconds(self):
        start = 10**15
        made = converted(begin_and_end(start))["traceEvents"]
        times = [event["ts"] for event in made if event["ph"] in "BE" and event["pid"] == 0]
        self.assertEqual([round(time * 1000) - start for time in times], [0, 5])


class Tracks(unittest.TestCase):
    def test_a_thread_whose_switch_was_lost_has_a_track(self):
        made = converted(begin_and_end(10))
        slices = [event for event in made["traceEvents"] if event["pid"] == trace.THREADS]
        self.assertEqual([event["ph"] for event in slices if event["ph"] != "M"], ["B", "E"])
        self.assertEqual(wrong_with(begin_and_end(10)), [])

    def test_a_method_is_called_by_its_name(self):
        events = begin_and_end(10)
        events.insert(1, (12, trace.METHOD, 0, 7, 14, 4))
        names = [event.get("name") for event in converted(events)["traceEvents"]]
        self.assertIn("machine.restart", names)
        self.assertNotIn("call", names)

    def test_names_come_from_the_interface_definitions(self):
        calls, faults, methods = trace.names_of(os.path.join(
            os.path.dirname(os.path.abspath(__file__)), "../../abi/idl/kernel.idl"))
        self.assertEqual((calls[4], faults[1], methods[14, 4], methods[1, 1]),
                         ("signal", "NOT_PRESENT", "machine.restart", "untyped.retype"))


class Check(unittest.TestCase):
    def test_a_good_trace_passes(self):
        events = begin_and_end(10) + [(20, trace.SWITCH, 0, 9, 9, 3)] + begin_and_end(30)
        self.assertEqual(trace.check(converted(events)), [])

    def test_what_is_open_at_the_end_is_closed(self):
        self.assertEqual(trace.check(converted(begin_and_end(10)[:1])), [])

    def test_a_missing_end_is_found(self):
        made = converted(begin_and_end(10))
        made["traceEvents"] = [event for event in made["traceEvents"] if event["ph"] != "E"]
        self.assertIn("without an end", trace.check(made)[0])

    def test_falling_time_is_found(self):
        made = converted(begin_and_end(30) + begin_and_end(10))
        self.assertIn("time falls", trace.check(made)[0])

    def test_an_end_too_many_is_found(self):
        made = converted(begin_and_end(10))
        made["traceEvents"].insert(0, {"ph": "E", "pid": 0, "tid": 0, "ts": 0})
        self.assertIn("without a begin", trace.check(made)[0])

    def test_a_thread_without_a_track_is_found(self):
        events = begin_and_end(10)
        made = converted(events)
        made["traceEvents"] = [event for event in made["traceEvents"] if event["pid"] == 0]
        self.assertIn("no track of its own", trace.check_tracks(made, events)[0])

    def test_two_threads_at_once_on_a_core_are_found(self):
        events = begin_and_end(10)
        made = converted(events)
        made["traceEvents"].insert(0, {"ph": "B", "pid": 1, "tid": 5, "ts": 0})
        self.assertIn("more threads than cores", trace.check_tracks(made, events)[0])


if __name__ == "__main__":
    unittest.main()
