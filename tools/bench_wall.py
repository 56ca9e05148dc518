# SPDX-License-Identifier: MIT
"""What is measured by the clock on the wall, interleaved with the same on Linux: part of `make bench-linux`.

boot_http_ratio: from the emulator's start to the first page that Pith's web server sends, over Linux' time to the first line of
its init, which does nothing. memory_in_use_bytes: RAM less what is free, after that page. tcp_bulk_host_ratio: how long curl takes for a file of
64 MiB that lies on the disk of the benchmarks and that nobody has read yet, over the same from Linux (bench/linux/serve.c).
"""
import os
import re
import socket
import statistics
import subprocess
import time
import urllib.request

import qemu

PAIRS = 5
PATIENCE_S = 120
RAM_BYTES = 512 << 20
BOOT = " bench=boot"  # bench/linux/main.c
SERVE = " bench=serve"
FILE, FILE_FIRST, FILE_BYTES = "/big", "/1", 64 << 20  # tools/bench_disk.py
# The user network takes a connection when the machine has no address yet, and tries for seconds to hand it on: who knocks
# again soon hears when the server first answers.
KNOCK_S = 0.25
REST_S = 1  # what goes on after the boot is over by then
PORT = "127.0.0.1:8080"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def fetch(url, patience_s=2):
    """The body, or None."""
    try:
        with urllib.request.urlopen(url, timeout=patience_s) as answer:
            return answer.read().decode(errors="replace")
    except OSError:
        return None


def settings_of(port, disk="demo"):
    """The default system's machine, its web server at that port of this one."""
    settings = qemu.settings_of("default")
    settings["devices"] = [word.replace(PORT, f"127.0.0.1:{port}").replace("demo.img", disk + ".img")
                           for word in settings["devices"]]
    return settings


def boot_pith(build):
    """Seconds to the first page, and bytes in use after it."""
    port = free_port()
    start = time.monotonic()
    process = subprocess.Popen(qemu.command_for("default", build, settings_of(port)), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        while fetch(f"http://127.0.0.1:{port}/bench.md", KNOCK_S) is None:
            if time.monotonic() - start > PATIENCE_S or process.poll() is not None:
                raise SystemExit("bench-linux: the default system sends no page")
            time.sleep(0.02)
        took = time.monotonic() - start
        text = re.sub(r"<[^>]*>", " ", fetch(f"http://127.0.0.1:{port}/status") or "")
    finally:
        process.kill()
        process.wait()
    free = re.search(r"\bfree\s+(\d+) KiB", text)
    if not free:
        raise SystemExit("bench-linux: /status does not say what is free")
    return took, RAM_BYTES - int(free[1]) * 1024


def boot_linux(command):
    """Seconds to the first line of init; @command: Linux on the same machine."""
    start = time.monotonic()
    took = []

    def line(text):
        if "init runs" in text:
            took.append(time.monotonic() - start)

    qemu.run(command, PATIENCE_S, line)
    if not took:
        raise SystemExit("bench-linux: Linux did not come to its init")
    return took[0]


def processor_s(process):
    """What a process has used of this machine's processors."""
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def download(command, port):
    """Seconds that curl takes for the file, and that the emulator works; @command: a machine that serves it at that port."""
    url = f"http://127.0.0.1:{port}"
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        while fetch(url + FILE_FIRST) is None:
            if time.monotonic() - start > PATIENCE_S or process.poll() is not None:
                raise SystemExit("bench-linux: nobody serves " + url)
            time.sleep(0.1)
        time.sleep(REST_S)
        before = processor_s(process)
        said = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-m", str(PATIENCE_S), "-w",
                               "%{time_total} %{size_download} %{http_code}", url + FILE], check=True,
                              capture_output=True, text=True).stdout.split()
        worked = processor_s(process) - before
    finally:
        process.kill()
        process.wait()
    if said[1:] != [str(FILE_BYTES), "200"]:
        raise SystemExit(f"bench-linux: curl got {said[1]} bytes, status {said[2]}")
    return float(said[0]), worked


def measure_bulk(build, linux_command_for):
    """Gives (ours, Linux') in seconds."""
    ours, theirs = [], []
    for _ in range(PAIRS):
        port = free_port()
        ours.append(download(qemu.command_for("default", build, settings_of(port, "bench")), port))
        port = free_port()
        theirs.append(download(linux_command_for(settings_of(port, "bench"), SERVE), port))
    for name, runs in (("Pith", ours), ("Linux", theirs)):
        print(f"64 MiB by curl, {name}: " + ", ".join(f"{wall:.2f} s ({worked:.2f} of the emulator)" for wall, worked in runs))
    return statistics.median(wall for wall, _ in ours), statistics.median(wall for wall, _ in theirs)


def measure(build, linux_command_for):
    """linux_command_for(settings, more of the kernel's command line). Gives (ours, Linux', bytes in use)."""
    ours, theirs = [], []
    for _ in range(PAIRS):
        seconds, in_use = boot_pith(build)
        ours.append(seconds)
        theirs.append(boot_linux(linux_command_for(settings_of(free_port()), BOOT)))
    return statistics.median(ours), statistics.median(theirs), in_use
