#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Boot a system in QEMU: on this terminal (--interactive), or until it ends or the time is up.

Software emulation, unless ACCEL=kvm stands in the environment. Without --interactive the exit status
is 0 only if the guest said success through the debug-exit port before the time was up.
"""
import argparse
import shlex
import subprocess
import sys

import qemu


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", help="systems/SYSTEM.toml or tests/boot/SYSTEM.toml")
    parser.add_argument("--build", default="build")
    parser.add_argument("--interactive", action="store_true", help="serial port on this terminal")
    parser.add_argument("--gdb", action="store_true", help="wait for gdb on port 1234")
    parser.add_argument("--timeout", type=float, help="seconds of this machine's time")
    parser.add_argument("--memory")
    parser.add_argument("--smp", type=int)
    parser.add_argument("--icount", choices=("yes", "no"))
    parser.add_argument("--append", help="kernel command line")
    parser.add_argument("--firmware", choices=("bios", "uefi"), help="boot build/iso/SYSTEM.iso (make iso) by it")
    parser.add_argument("--plugin", help="FILE.so,option=value,...")
    parser.add_argument("--log", help="write the serial port here instead of standard output")
    parser.add_argument("--print", action="store_true", help="say what would be run, and do nothing")
    parser.add_argument("--exit", type=int, help="QEMU's exit status that means success")
    return parser.parse_args()


def settings_for(args):
    settings = qemu.settings_of(args.system)
    if args.interactive:
        settings["icount"] = False
    for key, value in (("memory", args.memory), ("cores", args.smp), ("append", args.append),
                       ("timeout_s", args.timeout), ("exit", args.exit), ("firmware", args.firmware)):
        if value is not None:
            settings[key] = value
    if args.icount:
        settings["icount"] = args.icount == "yes"
    return settings


def interact(command, args, settings):
    if args.gdb:
        print("QEMU waits for gdb. In another terminal, in this folder:\n"
              f"    gdb -x tools/gdbinit {args.build}/kernel/pith.elf")
    print("Ctrl-A X ends QEMU; Ctrl-A C switches between its monitor and the system.")
    sys.stdout.flush()
    status = subprocess.call(command)
    sys.exit(0 if status in (0, settings["exit"]) else f"run.py: QEMU ended with status {status}")


def main():
    args = arguments()
    settings = settings_for(args)
    command = qemu.command_for(args.system, args.build, settings, args.plugin, args.interactive,
                               args.gdb)
    if args.print:
        print(shlex.join(command))
        return
    if args.interactive:
        interact(command, args, settings)
    if args.log:
        with open(args.log, "w") as log:
            result = qemu.run(command, settings["timeout_s"],
                              lambda line: (log.write(line + "\n"), log.flush()))
    else:
        result = qemu.run(command, settings["timeout_s"], qemu.print_line)
    if result.status is None:
        sys.exit(f"run.py: {args.system} did not end in {settings['timeout_s']} s")
    if result.status != settings["exit"]:
        sys.exit(f"run.py: {args.system} ended with status {result.status}, "
                 f"not {settings['exit']}")


if __name__ == "__main__":
    main()
