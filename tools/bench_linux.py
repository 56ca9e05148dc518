#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The rows of `make bench` that Linux has too, on Debian's kernel and the same emulated machine, beside ours.

    tools/bench_linux.py --build build --plugin build/bench/icount.so --init INIT --tiny TINY

Fetches the package with the kernel by apt, without installing it, makes an initial file system with bench/linux in it,
boots it with the same devices and the same disk, under the same plugin. Writes build/bench-linux.tsv; with build/bench.tsv
(`make bench`) it prints both side by side, and writes build/compare.tsv.
"""
import argparse
import glob
import os
import re
import subprocess
import sys

import archive
import bench
import bench_wall
import qemu

SYSTEM = "bench_files"  # the machine
PACKAGE = "linux-image-amd64"
# By number: bench/linux/bench.h. A row's unit of work may be in KiB.
ROWS = (("read_4k_cached", 1), ("read_1m_warm", 1), ("read_4k_uncached_cpu", 1), ("read_1m_cold_cpu", 1),
        ("tcp_pingpong_lo", 1), ("tcp_bulk_lo_per_kib", 1024), ("program_start_exit", 1))
MODULES = ("virtio_pci", "virtio_blk", "virtio_net", "crc32c_generic", "ext4")
# intel_iommu=off: what Linux is without remapping is its better figure; ours runs with it.
APPEND = "console=ttyS0 quiet panic=-1 intel_iommu=off"
MODE_FOLDER = 0o040755
MODE_PROGRAM = 0o100755
MODE_CONSOLE = 0o020600


# --- Debian's kernel ---

def kernel_fetch(build):
    """Where the package with the kernel is unpacked."""
    said = subprocess.run(["apt-cache", "depends", PACKAGE], check=True, capture_output=True, text=True).stdout
    name = re.search(r"Depends: (linux-image-\S+)", said)
    if not name:
        sys.exit(f"bench-linux: no package {PACKAGE} is known here; apt-get update?")
    folder = os.path.join(build, "linux", name[1])
    if not os.path.isdir(folder):
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        subprocess.run(["apt-get", "-q", "download", name[1]], check=True, cwd=os.path.dirname(folder))
        package, = glob.glob(f"{folder}_*.deb")
        subprocess.run(["dpkg-deb", "-x", package, folder + ".new"], check=True)
        os.rename(folder + ".new", folder)
        os.unlink(package)
    return folder


def modules_in_order(folder, wanted):
    """The files of these modules and of all that they need, those first."""
    paths = {os.path.basename(path)[:-3].replace("-", "_"): path
             for path in glob.glob(f"{folder}/lib/modules/*/kernel/**/*.ko", recursive=True)}
    order = []

    def add(name):
        path = paths[name]
        if path in order:
            return
        with open(path, "rb") as file:
            depends = re.search(rb"\0depends=([^\0]*)\0", file.read())[1].decode()
        for other in filter(None, depends.split(",")):
            add(other.replace("-", "_"))
        order.append(path)

    for name in wanted:
        add(name)
    return order


# --- The initial file system ---

def read(path):
    with open(path, "rb") as file:
        return file.read()


def node(number, name, mode, data=b"", device=(0, 0)):
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0]
    head = archive.MAGIC + b"".join(b"%08X" % field for field in fields)
    return archive.padded(head + name.encode() + b"\0") + archive.padded(data)


def initial_files(args, folder):
    """Path of a cpio archive."""
    nodes = [("dev", MODE_FOLDER), ("proc", MODE_FOLDER), ("disk", MODE_FOLDER), ("modules", MODE_FOLDER),
             ("dev/console", MODE_CONSOLE, b"", (5, 1)), ("init", MODE_PROGRAM, read(args.init)),
             ("tiny", MODE_PROGRAM, read(args.tiny))]
    nodes += [(f"modules/{i}.ko", archive.MODE_FILE, read(path))
              for i, path in enumerate(modules_in_order(folder, MODULES))]
    path = os.path.join(args.build, "linux", "initial.cpio")
    with open(path, "wb") as file:
        for number, fields in enumerate(nodes, 1):
            file.write(node(number, *fields))
        file.write(node(0, "TRAILER!!!", 0))
    return path


# --- The machine ---

def command_for(args, folder, settings, plugin=None, append=""):
    command = qemu.command_for(SYSTEM, args.build, settings, plugin)
    kernel, = glob.glob(f"{folder}/boot/vmlinuz-*")
    for option, value in (("-kernel", kernel), ("-initrd", initial_files(args, folder)), ("-append", APPEND + append)):
        command[command.index(option) + 1] = value
    return command


def show(what, command):
    print(f"{what}:\n    " + " ".join(f"'{word}'" if " " in word else word for word in command))


def boot(args, folder):
    counts = os.path.abspath(os.path.join(args.build, "bench", "counts-linux.tsv"))
    plugin = f"{os.path.abspath(args.plugin)},outfile={counts}"
    ours = qemu.command_for(SYSTEM, args.build, qemu.settings_of(SYSTEM), plugin.replace("-linux", "-" + SYSTEM))
    command = command_for(args, folder, qemu.settings_of(SYSTEM), plugin)
    show("Pith", ours)
    show("Linux", command)
    sys.stdout.flush()
    result = qemu.run(command, args.timeout)
    if result.status != qemu.EXIT_SUCCESS:
        sys.exit("\n".join(result.lines[-30:] + [f"bench-linux: Linux ended with status {result.status}"]))
    return bench.read_counts(counts), result.lines


# --- What came out ---

def values_of(counts, lines):
    """{name: (value, unit)}"""
    values = {}
    for number, (name, pieces) in enumerate(ROWS):
        if (str(number), "loop") not in counts:
            sys.exit(f"bench-linux: row {number} ({name}) never ended")
        values[name] = (counts[str(number), "loop"][2] // pieces, "instructions")
    said = dict(re.findall(r"value (\w+) (\d+)", "\n".join(lines)))
    total_kib = 512 * 1024
    values["memory_in_use_bytes"] = ((total_kib - int(said["memory_available_kib"])) * 1024, "bytes")
    return values


def write(path, rows):
    with open(path, "w") as file:
        for row in rows:
            file.write("\t".join(str(field) for field in row) + "\n")


def compare(build, values, more):
    """more: what of ours was measured here."""
    path = os.path.join(build, "bench.tsv")
    ours = dict(more)
    if os.path.exists(path):
        with open(path) as file:
            ours |= {name: int(value) for name, value, _ in map(str.split, file)}
    rows = [(name, ours.get(name, "-"), value, unit, f"{ours[name] / value:.2f}" if name in ours else "-")
            for name, (value, unit) in values.items()]
    print(f"{'row':24} {'Pith':>12} {'Linux':>12} {'unit':>14} {'ratio':>7}")
    for name, mine, value, unit, ratio in rows:
        print(f"{name:24} {mine:>12} {value:>12} {unit:>14} {ratio:>7}")
    write(os.path.join(build, "compare.tsv"), [("row", "pith", "linux", "unit", "ratio")] + rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--init", required=True)
    parser.add_argument("--tiny", required=True)
    parser.add_argument("--timeout", type=float, default=600)
    args = parser.parse_args()
    folder = kernel_fetch(args.build)
    counts, lines = boot(args, folder)
    values = values_of(counts, lines)
    mine, theirs, in_use = bench_wall.measure(args.build, lambda settings, append: command_for(
        args, folder, settings, append=append))
    bulk, their_bulk = bench_wall.measure_bulk(args.build, lambda settings, append: command_for(
        args, folder, settings, append=append))
    values["tcp_bulk_host_ms"] = (round(their_bulk * 1000), "ms")
    values["boot_ms"] = (round(theirs * 1000), "ms")
    write(os.path.join(args.build, "bench-linux.tsv"), [(name, *value) for name, value in values.items()])
    compare(args.build, values, {"boot_ms": round(mine * 1000), "memory_in_use_bytes": in_use,
                                 "tcp_bulk_host_ms": round(bulk * 1000)})
    print(f"boot_http_ratio {mine / theirs:.2f}, tcp_bulk_host_ratio {bulk / their_bulk:.2f}")


if __name__ == "__main__":
    main()
