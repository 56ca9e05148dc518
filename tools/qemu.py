# SPDX-License-Identifier: MIT
"""The emulated machine: its command line, and running it with a time-out.

A system file may hold a table [run]; what it says is the default for that system:

    also_cores = [2, 4]                 `make test` runs it once more with so many cores each
    many = true                         the kernel for several cores, also for one
    one_works = true                    though there are several cores, all but the first are idle once they have started: so icount
                                        goes, too, and time is exact. Else each core is a thread, and the host's time counts
    memory = "512M"     cores = 1       icount = true (one instruction per clock tick; "sleep": an idle
                                        system waits as long as the clock says, for what comes from outside)
    timeout_s = 60      append = ""     exit = 33 (QEMU's exit status that means success)
    devices = ["-device", "edu"]        more arguments for QEMU
    expect = ["^PANIC", "then: ^Core"]  patterns that lines must match, in this order; "then: " means the very next line
    reboots = true                      a reset starts the machine again; it is stopped when all of expect has come
    firmware = ""                       "bios" or "uefi": that boots build/iso/NAME.iso (tools/iso.py), whose command line is the one
                                        that it was made with; "": the kernel is loaded at once, by PVH
    iommu = true                        a DMA remapping unit (VT-d) that remaps interrupts, too; or QEMU's options for it
"""
import os
import re
import signal
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from system import source  # noqa: E402

# isa-debug-exit: a guest that writes v to port 0xf4 ends QEMU with status 2 * v + 1.
EXIT_PORT = 0xF4
EXIT_SUCCESS = 0x10 * 2 + 1
DEFAULTS = {"memory": "512M", "cores": 1, "icount": True, "timeout_s": 120, "append": "",
            "exit": EXIT_SUCCESS, "devices": [], "expect": [], "reboots": False, "iommu": True, "firmware": "",
            "also_cores": [], "one_works": False, "many": False}
# Debian's package ovmf. What is written to the variables is forgotten.
UEFI = [("/usr/share/OVMF/OVMF_CODE_4M.fd", "readonly=on"), ("/usr/share/OVMF/OVMF_VARS_4M.fd", "snapshot=on")]


def settings_of(name):
    """The [run] table of a system, over the defaults."""
    settings = dict(DEFAULTS)
    for folder in ("systems", "tests/boot"):
        path = os.path.join(folder, name + ".toml")
        if os.path.exists(path):
            settings.update(source.Source(path).data.get("run", {}))
    return settings


def command_for(name, build, settings, plugin=None, interactive=False, gdb=False):
    machine = "q35,kernel-irqchip=split" if settings["iommu"] else "q35"
    command = ["qemu-system-x86_64", "-M", machine, "-cpu", "max,-erms", "-m", settings["memory"],
               "-smp", str(settings["cores"]), "-nodefaults", "-display", "none",
               "-seed", "1", "-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=0x04"]
    if os.environ.get("ACCEL") == "kvm":
        command += ["-accel", "kvm"]
        command[command.index("max,-erms")] = "host,-erms"
    elif settings["cores"] > 1 and not settings["one_works"]:
        # Never icount: the cores would share the clock and a spinning one starve the others.
        command += ["-accel", "tcg,thread=multi"]
    else:
        command += ["-accel", "tcg"]
        if settings["icount"]:
            sleep = "on" if settings["icount"] == "sleep" else "off"
            command += ["-icount", f"shift=0,sleep={sleep}", "-rtc", "base=2024-01-01,clock=vm"]
    if not settings["reboots"] and not interactive:  # who sits there wants to see it come back
        command += ["-no-reboot"]
    if plugin:
        command += ["-plugin", plugin]
    if gdb:
        command += ["-S", "-s"]
    command += ["-serial", "mon:stdio" if interactive else "stdio"]
    if settings["iommu"]:  # before the devices behind it
        options = "" if settings["iommu"] is True else "," + settings["iommu"]
        command += ["-device", "intel-iommu,intremap=on" + options]
    command += [word.replace("{build}", build) for word in settings["devices"]]
    if settings["firmware"]:
        return command + firmware_boots(name, build, settings["firmware"])
    append = settings["append"]
    if not interactive and "panic=" not in append:
        append = (append + " panic=exit").strip()  # at once, instead of waiting for the time-out
    kernel = "pith-many.elf" if settings["cores"] > 1 or settings["many"] else "pith.elf"
    command += ["-kernel", os.path.join(build, "kernel", kernel),
                "-initrd", os.path.join(build, "systems", name + ".cpio"),
                "-append", append]
    return command


def firmware_boots(name, build, firmware):
    words = ["-drive", f"if=none,id=cd,media=cdrom,readonly=on,file={os.path.join(build, 'iso', name + '.iso')}",
             "-device", "ide-cd,drive=cd,bootindex=0"]
    if firmware == "uefi":
        for path, how in UEFI:
            if not os.path.exists(path):
                sys.exit(f"qemu.py: there is no {path}; `tools/setup.sh iso` installs it")
            words += ["-drive", f"if=pflash,format=raw,{how},file={path}"]
    elif firmware != "bios":
        sys.exit(f'qemu.py: firmware = "{firmware}"; there are "bios" and "uefi"')
    return words


class Expected:
    """Patterns that lines must match, one after the other (settings' expect)."""

    def __init__(self, patterns):
        self.left = list(patterns)
        self.is_begun = False  # the last line matched one

    def read(self, line):
        if not self.left:
            return
        pattern = self.left[0].removeprefix("then: ")
        is_next = pattern != self.left[0]
        if re.search(pattern, line) and (self.is_begun or not is_next):
            del self.left[0]
            self.is_begun = True
        else:
            self.is_begun = False


class Result:
    """How a run ended: QEMU's status (None: killed after the time-out), and what it printed."""

    def __init__(self, status, lines):
        self.status = status
        self.lines = lines


running = set()  # processes of run(), for who ends without waiting for it


def run(command, timeout_s, on_line=None):
    """Run QEMU until it ends or the time is up; on_line gets each line of the serial port, and ends
    the run by saying True. What QEMU itself says comes between those lines, never in the middle of one."""
    lines = []
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    running.add(process)
    expired = threading.Event()
    one_at_a_time = threading.Lock()

    def read(stream):
        for raw in stream:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            with one_at_a_time:
                lines.append(line)
                if on_line and on_line(line):
                    process.terminate()

    own_words = threading.Thread(target=read, args=(process.stderr,))
    own_words.start()

    def stop():
        expired.set()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()

    timer = threading.Timer(timeout_s, stop)
    timer.start()
    try:
        read(process.stdout)
        status = process.wait()
        own_words.join()
    except BaseException:
        process.kill()
        raise
    finally:
        timer.cancel()
        running.discard(process)
    return Result(None if expired.is_set() else status, lines)


def print_line(line):
    print(line)
    sys.stdout.flush()
