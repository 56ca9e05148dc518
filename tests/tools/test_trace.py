#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/trace.py: rings are read in order, and the checker finds what is wrong with a trace."""
import os
import struct
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
import trace  # noqa: E402

CALLS, FAULTS = {0: "call"}, {1: "NOT_PRESENT"}


def ring_of(events, slots):
    data = bytearray(64 * (slots + 1))
    struct.pack_into("<Q", data, 0, len(events))
    for number, event in enumerate(events):
        trace.EVENT.pack_into(data, 64 * (1 + number % slots), *event)
    return bytes(data)


def begin_and_end(start):
    return [(start, trace.ENTRY, 0, 7, 0, 0), (start + 5, trace.EXIT, 0, 7, 0, 7)]


class Ring(unittest.TestCase):
    def test_events_come_oldest_first_after_the_ring_went_round(self):
        events = [(10 * n, trace.ENTRY, 0, 7, n, 0) for n in range(11)]
        self.assertEqual(trace.read_ring(ring_of(events, 4)), events[7:])

    def test_an_empty_ring_has_no_events(self):
        self.assertEqual(trace.read_ring(ring_of([], 4)), [])


class Check(unittest.TestCase):
    def converted(self, events):
        return trace.convert(events, CALLS, FAULTS)

    def test_a_good_trace_passes(self):
        events = begin_and_end(10) + [(20, trace.SWITCH, 0, 7, 9, 3)] + begin_and_end(30)
        self.assertEqual(trace.check(self.converted(events)), [])

    def test_what_is_open_at_the_end_is_closed(self):
        self.assertEqual(trace.check(self.converted(begin_and_end(10)[:1])), [])

    def test_a_missing_end_is_found(self):
        made = self.converted(begin_and_end(10))
        made["traceEvents"] = [event for event in made["traceEvents"] if event["ph"] != "E"]
        self.assertIn("without an end", trace.check(made)[0])

    def test_falling_time_is_found(self):
        made = self.converted(begin_and_end(30) + begin_and_end(10))
        self.assertIn("time falls", trace.check(made)[0])

    def test_an_end_too_many_is_found(self):
        made = self.converted(begin_and_end(10))
        made["traceEvents"].insert(0, {"ph": "E", "pid": 0, "tid": 0, "ts": 0})
        self.assertIn("without a begin", trace.check(made)[0])


if __name__ == "__main__":
    unittest.main()
