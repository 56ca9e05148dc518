#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Programs that attack others, in the system `attack`; run from the top of the tree.

Each step is an attack, and what must come of it: nobody but the attacker notices. Prints `ok NAME` or
`FAIL NAME: ...`, and `N passed, N failed` last.
"""
import os
import re
import shutil
import subprocess
import tempfile
import time

import console
import qemu

SYSTEM = "attack"
EMPTY_DISK = "driver=null-co,node-name=disk,size=67108864,read-zeroes=on"
os.environ["PATH"] += ":/usr/sbin:/sbin"


class Attack(console.Scenario):
    def __init__(self, args, image=None):
        settings = qemu.settings_of(SYSTEM)
        disk = f"driver=file,filename={image},node-name=disk,read-only=on" if image else EMPTY_DISK
        settings["devices"] = [disk if word == EMPTY_DISK else word for word in settings["devices"]]
        super().__init__(console.Machine(qemu.command_for(SYSTEM, args.build, settings)), args.timeout)
        self.prefix = "with_files_" if image else ""
        self.step("it_boots", lambda: self.machine.wait_for(console.PROMPT, args.timeout) and None)

    def step(self, name, action):
        super().step(self.prefix + name, action)

    def comes(self, name, line, wanted, *patterns):
        """A step: after the line comes what is wanted, sooner or later, and all until then matches."""
        def action():
            said = self.ask(line)
            if wanted not in said:
                said += self.machine.wait_for(wanted, self.timeout_s)
            said += self.align()
            return next((f"{line}: wanted: {pattern}; got: {said!r}" for pattern in patterns
                         if not re.search(pattern, said, re.M)), None)
        self.step(name, action)

    def nobody_else_died(self, name, but=()):
        """A step: the table of recoveries shows no death but of those."""
        def action():
            said = self.ask("recovery")
            dead = [match[1] for match in re.finditer(r"^(\w+) +(\d+) +(\d+) ", said, re.M)
                    if match[1] not in but and (match[2], match[3]) != ("0", "0")]
            return f"wanted: no deaths; got: {dead} in {said!r}" if dead else None
        self.step(name, action)


def stray_devices(scenario):
    """A device that writes where it must not is its driver's fault, and nobody else's."""
    scenario.step("a_client_of_the_disk_is_at_work",
                  lambda: scenario.ask("start diskcheck rounds=40") and None)
    scenario.comes("a_driver_has_its_domain_for_mapping_only", "start stray", "stray: done",
                   r"^stray: other devices are out of reach$",
                   r"^stray: its domain is out of reach; own memory is reached$")
    scenario.says("a_good_device_is_not_blamed", "strays", r"source\n$")
    scenario.ask("kill stray")
    scenario.comes("a_stray_write_is_told_with_its_address", "start stray write 7654320",
                   "warden: stray restarted (1)",
                   r"^warden: the device of stray \([0-9a-f]+\) wrote to 0x7654000, which it was not given; 1 such")
    scenario.comes("a_driver_that_goes_on_stays_down", "",
                   "warden: stray died 4 times within 10 s, and stays down")
    scenario.says("it_is_counted", "strays", r"^stray +4 +7654000 +[0-9a-f]+$")
    scenario.comes("a_stray_read_is_told_too", "start stray read 12345000", "stays down",
                   r"^warden: the device of stray \([0-9a-f]+\) read from 0x12345000,")
    scenario.says("drivers_are_shown_as_down", "programs", r"^stray +degraded ")
    scenario.step("the_disk_did_not_notice", lambda: disk_did_not_notice(scenario))
    scenario.nobody_else_died("nobody_else_noticed", but=("stray", "diskcheck"))


def hangs(scenario):
    """Each way of hanging is found within 50 ms of guest time, and the program is back."""
    for victim, kinds in (("disk", "loop lock irq call wait"), ("files", "loop lock call wait")):
        for kind in kinds.split():
            scenario.comes(f"{victim}_that_hangs_by_{kind}_is_found_and_replaced",
                           f"start harm hang {victim} {kind}", "warden: harm destroyed",
                           rf"^ok hang: {victim}: OK; found after \d+ us, back after \d+ us; the disk is read$",
                           rf"^warden: {victim} does not answer$")
    scenario.says("a_program_without_interrupts_cannot_hang_in_one", "hang files irq", "outside what the call allows")
    scenario.says("a_way_of_hanging_that_is_none_is_refused", "hang files nicely", "outside what the call allows")
    scenario.says("only_the_hung_died", "recovery", r"^disk +0 +5 ", r"^files +0 +4 ", r"^echo +0 +0 ", r"^pci +0 +0 ",
                  "warden itself was started anew 0 times")


def recovery_counts(scenario):
    """{program: (faults, hangs)}"""
    return {match[1]: (match[2], match[3])
            for match in re.finditer(r"^(\w+) +(\d+) +(\d+) ", scenario.ask("recovery"), re.M)}


def attacks(scenario):
    """Garbage and wrong requests at every server; nobody but the attacker notices."""
    before = {} if scenario.lost else recovery_counts(scenario)
    at = len(scenario.machine.log)
    scenario.step("a_client_is_at_work_meanwhile",
                  lambda: scenario.ask("start diskcheck random=100 rounds=25") and None)
    for words in ("files 5000", "system 2000", "block 20000", "link 20000", "terminal 20000", "random 5000"):
        server = words.split()[0]
        scenario.comes(f"{server}_refuses_what_is_wrong", f"start attacker {words}", "warden: attacker destroyed",
                       rf"^attacker: {words}: [1-9]\d+ answers, 0 of them wrong$")
    for server in ("files", "block", "link", "terminal", "random"):
        scenario.step(f"{server}_does_not_mind_an_attacker_that_is_killed", lambda s=server: killed(scenario, s))
    scenario.comes("the_file_server_is_as_good_as_before", "start attacker files 100", "warden: attacker destroyed",
                   r"^attacker: files 100: \d+ answers, 0 of them wrong$")
    attacks_on_sockets(scenario)
    scenario.step("the_client_did_not_notice", lambda: client_did_not_notice(scenario, at))

    def action():
        after = recovery_counts(scenario)
        noticed = [name for name in after if after[name] != before[name] and name not in ("attacker", "diskcheck", "netcall")]
        return f"wanted: no deaths; got: {noticed}" if noticed else None
    scenario.step("nobody_died_of_it", action)


NET_CLIENT = r"^netcall: OK; 1048576 bytes sent, 1048576 received, 0 wrong"


def net_client_works(scenario, name):
    scenario.comes(name, "start netcall", "warden: netcall destroyed", NET_CLIENT)


def attacks_on_sockets(scenario):
    """The same at the network server, with a client of it that works meanwhile and afterwards."""
    for words in ("net 2000", "sockets 20000"):
        at = len(scenario.machine.log)
        scenario.step(f"{words.split()[0]}_a_client_works_meanwhile", lambda: scenario.ask("start netcall") and None)
        scenario.comes(f"{words.split()[0]}_is_refused_what_is_wrong", f"start attacker {words}",
                       "warden: attacker destroyed", rf"^attacker: {words}: [1-9]\d+ answers, 0 of them wrong$")
        scenario.step(f"{words.split()[0]}_the_client_did_not_notice", lambda at=at: net_client_did_not_notice(scenario, at))
    scenario.step("sockets_of_one_that_is_killed_end", lambda: killed(scenario, "sockets"))
    scenario.step("a_greedy_client_takes_all_it_can", lambda: scenario.ask("start attacker greedy") and None)
    scenario.step("and_is_refused_the_rest", lambda: greedy_is_refused(scenario))
    net_client_works(scenario, "another_works_beside_the_greedy_one")
    scenario.step("the_greedy_one_is_killed", lambda: None if "done" in scenario.ask("kill attacker") else "it is not")
    net_client_works(scenario, "and_after_it")


def greedy_is_refused(scenario):
    said = scenario.machine.wait_for("attacker: holds", scenario.timeout_s)
    return f"wanted: sockets, until they are refused; got: {said!r}" if "FAIL" in said else None


def net_client_did_not_notice(scenario, at):
    if "warden: netcall destroyed" not in scenario.machine.log[at:]:
        scenario.machine.wait_for("warden: netcall destroyed", scenario.timeout_s)
    scenario.align()
    said = scenario.machine.log[at:].replace(console.PROMPT, "")
    return None if re.search(NET_CLIENT, said, re.M) else f"wanted: all sent and received; got: {said[-500:]!r}"


def killed(scenario, server):
    for _ in range(3):
        scenario.ask(f"start attacker {server} 100000000")
        time.sleep(0.1)
        if "done" not in scenario.ask("kill attacker"):
            return "wanted: it is killed"
    return None


def client_did_not_notice(scenario, at):
    if "warden: diskcheck destroyed" not in scenario.machine.log[at:]:
        scenario.machine.wait_for("warden: diskcheck destroyed", scenario.timeout_s)
    scenario.align()
    said = scenario.machine.log[at:]
    return None if "0 epochs, 0 resubmitted, 0 refused; 0 failures" in said else f"got: {said[-800:]!r}"


def disk_did_not_notice(scenario):
    said = scenario.machine.log
    if "warden: diskcheck destroyed" not in said:
        said = scenario.machine.wait_for("warden: diskcheck destroyed", scenario.timeout_s)
    scenario.align()
    if not re.search(r"0 epochs, 0 resubmitted, 0 refused; 0 failures", scenario.machine.log):
        return f"wanted: no epoch, no failure; got: {said[-500:]!r}"
    return None


def image_make(folder):
    """An ext4 file system of a few files, and nothing else near the end of the disk."""
    top, image = os.path.join(folder, "top"), os.path.join(folder, "disk.img")
    os.mkdir(top)
    shutil.copy("docs/conventions.md", os.path.join(top, "text"))
    os.symlink("/loop", os.path.join(top, "loop"))
    subprocess.run(["mkfs.ext4", "-q", "-b", "4096", "-d", top, image, "64M"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return image


def converse(args, image, *parts):
    scenario = Attack(args, image)
    with console.conversation(scenario, args):
        for part in parts:
            part(scenario)
        console.machine_type_poweroff(scenario)
    return scenario


def main():
    args = console.parser_for(__doc__, 60).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # How soon a hang is found can be measured only where the disk takes no time.
        done = [converse(args, None, stray_devices, hangs), converse(args, image_make(folder), attacks)]
    console.conclude(*done)


if __name__ == "__main__":
    main()
