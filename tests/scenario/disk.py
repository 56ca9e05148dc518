#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A disk whose contents are known, read and written while its driver dies again and again; run from the top.

Each sector of the image holds a pattern made from its number (apps/diskcheck/pattern.h), so that a sector from
elsewhere, or from before, shows. Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last.
"""
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import time

import console
import qemu

SECTORS = 16384  # 8 MiB
SECTOR_BYTES = 512
WORDS = SECTOR_BYTES // 8
MASK = (1 << 64) - 1
DEVICE = ["-device", "virtio-blk-pci,drive=disk,disable-legacy=on,iommu_platform=on"]
BAD_SECTOR = 5003
KILLS = 12


def mix(value):
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & MASK
    return value ^ (value >> 31)


def pattern(sector, version):
    return struct.pack(f"<{WORDS}Q", *(
        mix(((sector * WORDS + number + 1) * 0x9E3779B97F4A7C15 + version) & MASK)
        for number in range(WORDS)))


def make_image(path):
    with open(path, "wb") as file:
        for sector in range(SECTORS):
            file.write(pattern(sector, 0))


def image_is(path, version, sample):
    """None if these sectors of the image hold that version."""
    with open(path, "rb") as file:
        for sector in sample:
            file.seek(sector * SECTOR_BYTES)
            if file.read(SECTOR_BYTES) != pattern(sector, version):
                return f"sector {sector}: wanted: version {version}; got: something else"
    return None


class Disk(console.Scenario):
    """A machine with a disk, and what is asked of diskcheck."""

    system = "disk"

    def __init__(self, name, args, devices, archive=None, **more):
        settings = qemu.settings_of(self.system)
        # In guest time a driver that is slow because this machine is busy is not slow.
        settings.update(devices=devices, icount=True, **more)
        command = qemu.command_for(self.system, args.build, settings)
        if archive:
            command[command.index("-initrd") + 1] = archive
        super().__init__(console.Machine(command), args.timeout)
        self.name = name
        self.step(f"{name}_boots", lambda: self.machine.wait_for(console.PROMPT, args.timeout) and None)

    def check_ends(self):
        return self.machine.wait_for("warden: diskcheck destroyed", self.timeout_s)

    def start(self, args):
        self.ask(f"start diskcheck {args}")

    def checks(self, name, args, *patterns):
        def action():
            self.start(args)
            said = self.check_ends()
            return next((f"wanted: {pattern}; got: {said!r}" for pattern in patterns
                         if not re.search(pattern, said, re.M)), None)
        self.step(name, action)

    def harm_until(self, seen, line, count):
        """Type the line `count` times, each after what it harms has come up again, while diskcheck runs."""
        back = {"pci": "functions on", "warden": "goes on"}.get(line.split()[1], "requests at once")
        for _ in range(count):
            self.machine.type(line + "\r")
            seen += self.machine.wait_for(back, self.timeout_s)
            time.sleep(random.uniform(0.02, 0.1))
        return seen

    def survives(self, name, args, harms):
        """diskcheck finds nothing wrong, and was there when the driver died."""
        def action():
            self.start(args)
            said = ""
            for line, count in harms:
                said = self.harm_until(said, line, count)
            said += self.check_ends() if "diskcheck destroyed" not in said else ""
            match = re.search(r"(\d+) epochs, (\d+) resubmitted, (\d+) refused; (\d+) failures", said)
            if not match:
                return f"wanted: a last line of diskcheck; got: {said[-500:]!r}"
            epochs, resubmitted, refused, failures = map(int, match.groups())
            wanted = sum(count for line, count in harms if line.endswith("disk"))
            print(f"note: {name}: {epochs} epochs, {resubmitted} resubmitted")
            if failures or refused or epochs < wanted // 2 or resubmitted == 0:
                return (f"wanted: {wanted} epochs or nearly, some resubmitted, no failure; "
                        f"got: {match[0]}; {[l for l in said.splitlines() if 'FAIL' in l]}")
            return None
        self.step(name, action)

    def end(self):
        self.step(f"{self.name}_ends", self.power_off)
        self.machine.end(0 if self.lost else 1)
        return self

    def power_off(self):
        self.machine.type("poweroff\r")
        self.machine.wait_for("goodbye", self.timeout_s)
        status = self.machine.end(self.timeout_s)
        return None if status == qemu.EXIT_SUCCESS else f"wanted: success; got: status {status}"


def file_backed(path, *more):
    return ["-blockdev", f"driver=file,filename={path},node-name=file" + "".join(more),
            "-blockdev", "driver=raw,file=file,node-name=disk" + "".join(more)] + DEVICE


def throttled(path):
    """So slow that there is always much in the device."""
    return ["-object", '{"qom-type":"throttle-group","id":"slow","limits":{"iops-total":50}}',
            "-blockdev", f"driver=file,filename={path},node-name=file",
            "-blockdev", "driver=raw,file=file,node-name=raw",
            "-blockdev", "driver=throttle,throttle-group=slow,file=raw,node-name=disk"] + DEVICE


def failing(path, once, sector=BAD_SECTOR):
    debug = ('{"driver":"blkdebug","node-name":"debug","image":"file","inject-error":['
             '{"event":"none","iotype":"read","errno":5,"sector":%d,"once":%s}]}'
             % (sector, "true" if once else "false"))
    return ["-blockdev", f"driver=file,filename={path},node-name=file", "-blockdev", debug,
            "-blockdev", "driver=raw,file=debug,node-name=disk"] + DEVICE


def clients_die(scenario):
    """Reads of a dead client are still in the device when its successor fills the same memory, to write it."""
    for version in range(4):
        scenario.start("pattern rounds=100")
        time.sleep(random.uniform(0.02, 0.1))
        scenario.ask("kill diskcheck")
        while "done" not in scenario.ask("start diskcheck write sectors=1024"):
            pass  # it is not quite dead yet
        said = scenario.check_ends()
        if "0 failures" not in said:
            return f"round {version}: wanted: 0 failures; got: {said!r}"
    return None


def two_clients(scenario):
    scenario.ask("start second pattern random=500")
    scenario.start("pattern rounds=3")
    said = scenario.machine.wait_for("warden: second destroyed", scenario.timeout_s)
    if "diskcheck destroyed" not in said:
        said += scenario.check_ends()
    last = re.findall(r"0 refused; 0 failures", said)
    return None if len(last) == 2 else f"wanted: two without failures; got: {said!r}"


def trusting_archive(args, folder):
    """The same system, which trusts its devices where nothing remaps what they do."""
    description, compiled, archive = (os.path.join(folder, "trust." + end)
                                      for end in ("toml", "bin", "cpio"))
    programs = os.path.join(args.build, "programs")
    with open("systems/disk.toml", encoding="utf-8") as source, \
            open(description, "w", encoding="utf-8") as file:
        file.write(source.read().replace('root = "init"', 'root = "init"\ndma = "trusted"', 1))
    for command in (["tools/system.py", description, "--programs", programs, "--out", compiled],
                    ["tools/archive.py", "make", description, archive, programs, compiled]):
        subprocess.run([sys.executable, "-B", *command], check=True)
    return archive


def converse_without_remapping(args, path, folder):
    bare = Disk("bare_disk", args, file_backed(path), iommu=False)
    bare.checks("without_remapping_no_driver_is_started", "", "no disk: (TIMED_OUT|CANCELLED)")
    bare.says("and_that_is_why", "programs", r"^disk +(degraded|waiting)")
    yield bare.end()
    trusted = Disk("trusted_disk", args, file_backed(path), trusting_archive(args, folder),
                   iommu=False)
    trusted.survives("a_trusted_disk_is_read", "rounds=12", [("fail disk", 3)])
    yield trusted.end()


def converse_with_a_good_disk(scenario):
    good = (r"^ok diskcheck_sequential", r"0 epochs, 0 resubmitted, 0 refused; 0 failures")
    scenario.checks("reads_what_was_written", "pattern random=300", r"^ok diskcheck_random", *good)
    scenario.checks("reads_one_at_a_time", "pattern depth=1", *good)
    scenario.survives("reads_on_over_deaths_of_the_driver", "pattern rounds=30 random=300",
                      [("fail disk", KILLS), ("hang disk", 3)])
    scenario.survives("reads_on_over_deaths_of_the_pci_server", "pattern rounds=25",
                      [("fail pci", 3), ("fail disk", 2), ("hang pci", 1), ("fail disk", 2)])
    scenario.survives("reads_on_over_deaths_of_the_warden", "pattern rounds=15",
                      [("fail warden", 2), ("fail disk", 2), ("hang warden", 2), ("fail disk", 2)])
    scenario.step("two_clients_are_served", lambda: two_clients(scenario))
    scenario.survives("writes_on_over_deaths_of_the_driver", "write rounds=12",
                      [("fail disk", KILLS)])
    scenario.step("clients_that_die_leave_nothing_behind", lambda: clients_die(scenario))
    scenario.checks("writes_at_the_end", "write rounds=2", r"^ok diskcheck_flush", *good)
    scenario.says("nobody_else_died", "recovery", r"^console +0 +0", r"^pci +3 +1", "warden itself .* 4 times")


def converse_with_failing_disks(args, path):
    once = Disk("failing_disk", args, failing(path, True))
    once.checks("an_error_once_is_tried_again", "", r"ok diskcheck_sequential", "0 failures")
    yield once.end()
    always = Disk("bad_disk", args, failing(path, False))
    # One at a time: QEMU merges neighbours, and an error of one is then told of all.
    always.checks("an_error_that_stays_is_told", "depth=1",
                  r"^FAIL diskcheck_sequential: errors: wanted: 0 got: 1$", "0 epochs")
    yield always.end()
    read_only = Disk("read_only_disk", args,
                     file_backed(path, ",read-only=on"))
    read_only.checks("a_read_only_disk_is_not_written", "write", "no disk: NO_RIGHT")
    read_only.checks("a_read_only_disk_is_read", "", "^ok diskcheck_sequential")
    yield read_only.end()
    slow = Disk("slow_disk", args, throttled(path))
    slow.step("clients_that_die_in_the_middle_leave_nothing_behind", lambda: clients_die(slow))
    yield slow.end()
    stray = Disk("stray_disk", args,
                 [word.replace(",iommu_platform=on", "") for word in file_backed(path)])
    stray.checks("a_disk_that_would_pass_by_the_domain_is_refused", "",
                 "no disk: (TIMED_OUT|CANCELLED)")
    yield stray.end()


def main():
    args = console.parser_for(__doc__, 60).parse_args()
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "disk.img")
        make_image(path)
        scenario = Disk("disk", args, file_backed(path))
        converse_with_a_good_disk(scenario)
        scenario.end()
        scenario.step("the_image_holds_what_was_written_last", lambda: image_is(
            path, 2, random.sample(range(SECTORS), 500)))
        done = [scenario, *converse_with_failing_disks(args, path),
                *converse_without_remapping(args, path, folder)]
    console.conclude(*done)


if __name__ == "__main__":
    main()
