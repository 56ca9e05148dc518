#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The default system on two cores (systems/two.toml): files are fetched while programs of both die; run from the top of the tree.

The cores are threads of the emulator, so this is in the host's time: a busy host makes false alarms, which lose nothing.
Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last.
"""
import os
import random
import re
import tempfile

import console
import files
import web

ATTEMPTS = 4  # at a line whose answer may be torn
HARMS = ["fail netcard", "fail files", "fail disk", "fail warden", "fail netcard", "fail console", "fail pci", "fail random"]


class Two(web.Web):
    """
    A conversation with two cores: what the kernel writes for one program and what the driver writes for the console
    come at once, letters between letters.
    """

    def ask(self, line):
        self.machine.type(line + "\r")
        return self.prompt()[:-len(console.PROMPT)]

    def align(self):
        """As for one core; a line whose answer cannot be read is typed again."""
        for _ in range(ATTEMPTS - 1):
            self.machine.type("time\r")
            try:
                said = self.machine.wait_for("s since boot", self.timeout_s / ATTEMPTS)
                return said + self.machine.wait_for(console.PROMPT, self.timeout_s / ATTEMPTS)
            except console.Silence:
                continue
        return super().align()


def time_is_used_on_both(scenario):
    """The programs of the second core have used time, and so have those of the first."""
    rows = dict(re.findall(r"^(\w+) +\w+ +\d+ +\d+ +(\d+)", scenario.ask("programs"), re.M))
    idle = [name for name in ("net", "http", "netcard", "files", "disk") if int(rows.get(name, 0)) == 0]
    return f"programs: wanted: time used by all; got: none by {idle} in {rows}" if idle else None


def converse(scenario, randomly):
    scenario.step("the_console_is_there", lambda: scenario.align() and None)
    scenario.step("two_cores_have_started", lambda: None if "Pith: 2 cores" in scenario.machine.log else
                  f"wanted: two cores; got: {scenario.machine.log[:300]!r}")
    scenario.does("a_page_is_there", lambda: scenario.curl("--retry", "9", "--retry-all-errors", scenario.url("/")) and None)
    scenario.does("all_files_are_right", lambda: web.tree_is_right(scenario))
    scenario.does("many_are_served_at_once", lambda: web.many_at_once(scenario))
    scenario.says("calls_stay_on_a_core", "ping-pong", r"^1000 round trips")
    scenario.step("both_cores_work", lambda: time_is_used_on_both(scenario))
    scenario.does("downloads_outlive_deaths_on_both_cores", lambda: web.downloads_go_on(scenario, HARMS, randomly))
    scenario.does("all_files_are_right_afterwards", lambda: web.tree_is_right(scenario))
    console.machine_type_poweroff(scenario)


def main():
    parser = console.parser_for(__doc__, 120)
    parser.add_argument("--seed", type=int, default=1, help="of what lies on the disk and when programs die")
    args = parser.parse_args()
    randomly = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        top = os.path.join(folder, "tree")
        web.make_tree(top, randomly)
        image = os.path.join(folder, "disk.img")
        files.make_image(image, top, "-b", "4096")
        scenario = Two(args.build, args.timeout, image, top, system="two", icount=False)
        with console.conversation(scenario, args):
            converse(scenario, randomly)
    console.conclude(scenario)


if __name__ == "__main__":
    main()
