#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Downloads beside a control loop, while programs die and hang at random moments; run from the top of the tree.

The moments are of guest time, chosen in the guest by a seed (tests/injector), so that they fall anywhere, also into the
recovery from the one before. Every checksum must be right, no client may see an error, everything must come back, and
the control loop must not miss one of its periods of 1 ms.
"""
import os
import random
import re
import tempfile
import time

import console
import files
import web

COUNT = 200
END = re.compile(r"injector: (done: (\d+) of (\d+), (\d+) during a recovery, (\d+) without the call they waited for, slowest back after (\d+) us|FAILED: .*)\n")
LOOP = re.compile(r"control: (\d+) periods, (\d+) missed, begun (\d+) us late at most, ended after (\d+) us at most, "
                  r"off by (\d+) / 1000\n")


def wait_for_the_end(machine, downloads, timeout_s):
    """What the injector says last; what was said meanwhile is left in the log."""
    end = time.monotonic() + timeout_s
    while not (match := END.search(machine.log)):
        if time.monotonic() > end:
            raise console.Silence(f"wanted: the injector's end within {timeout_s:.0f} s; got: {machine.log[-600:]!r}")
        if any(download.why for download in downloads):
            raise console.Silence("a download failed")
        try:
            machine.wait_for("\n", 5)
        except console.Silence:
            pass
    return match


def campaign(scenario, seed, count, timeout_s):
    wanted = files.sha256_of(f"{scenario.top}/big")
    downloads = [web.Download(scenario, wanted, timeout_s) for _ in range(2)]
    start = time.monotonic()
    for download in downloads:
        download.start()
    try:
        scenario.ask("start scribe")
        scenario.machine.type(f"start injector {seed} {count}\r")
        match = wait_for_the_end(scenario.machine, downloads, timeout_s)
        why = None
    except console.Silence as error:
        why = str(error)
    finally:
        for download in downloads:
            download.stop.set()
        for download in downloads:
            download.join()
    why = next((download.why for download in downloads if download.why), None) or why
    if why:
        harms = re.findall(r"injector: \d+: .*", scenario.machine.log)
        return f"after {harms[-3:]}: {why}"
    if not match[2] or match[2] != match[3]:
        return f"wanted: {count} harms and as many recoveries; got: {match[1]}"
    rounds = sum(download.rounds for download in downloads)
    print(f"note: campaign: {match[1]}; {rounds} downloads of {web.BIG_BYTES >> 20} MiB, all checksums right; "
          f"{time.monotonic() - start:.0f} s")
    return None


def writer_noticed_nothing(scenario):
    """Files in memory, written and read all the time by a program with a view."""
    rounds = [int(number) for number in re.findall(r"scribe: (\d+) rounds$", scenario.machine.log, re.M)]
    wrong = re.findall(r"scribe: .* in round .*|tmpfs: .*DAMAGE.*", scenario.machine.log)
    if wrong or not rounds:
        return f"wanted: rounds of writing that were right; got: {wrong[:3]}, {rounds[-3:]}"
    print(f"note: campaign: {rounds[-1]} rounds of writing to files in memory were right")
    return None


def loop_was_in_time(scenario):
    reports = [tuple(map(int, match)) for match in LOOP.findall(scenario.machine.log)]
    if not reports:
        return "wanted: reports of the control loop; got: none"
    periods, missed, late_us, ended_us, off = reports[-1]
    print(f"note: campaign: control loop: {periods} periods, {missed} missed, begun {late_us} us late at most, ended "
          f"after {ended_us} us at most, off by {off} / 1000 at most")
    # One that starts at rest and is controlled stays near its place; one that is not is pushed away without end.
    if missed or off > 10000:
        return f"wanted: none missed, and the plant near its place; got: {reports[-1]}"
    return None


def main():
    parser = console.parser_for(__doc__, 120)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 20))
    parser.add_argument("--count", type=int, default=COUNT)
    args = parser.parse_args()
    print(f"note: campaign.py --seed {args.seed}")
    randomly = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/tree")
        files.write(f"{folder}/tree/big", randomly.randbytes(web.BIG_BYTES))
        files.make_image(f"{folder}/disk.img", f"{folder}/tree", "-b", "4096")
        scenario = web.Web(args.build, args.timeout, f"{folder}/disk.img", f"{folder}/tree", "campaign", True)
        with console.conversation(scenario, args):
            scenario.step("boots", lambda: scenario.machine.wait_for(console.PROMPT, args.timeout) and None)
            scenario.step("downloads_go_on_whatever_dies",
                          lambda: campaign(scenario, args.seed, args.count, 10 * args.timeout))
            scenario.step("a_writer_notices_nothing", lambda: writer_noticed_nothing(scenario))
            scenario.step("the_control_loop_was_in_time", lambda: loop_was_in_time(scenario))
            scenario.step("powers_off", lambda: web.power_off(scenario))
    console.conclude(scenario)


if __name__ == "__main__":
    main()
