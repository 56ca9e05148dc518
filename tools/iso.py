#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make a CD image of a system that boots by GRUB, on BIOS and on UEFI.

iso.py SYSTEM --build BUILD --out FILE.iso
    Both kernels and the system's boot archive, with its command line ([run] append). The kernel for as many
    cores as the system has starts by itself after a second; the other can be chosen.
"""
import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

import qemu

KERNELS = (("pith.elf", "one core"), ("pith-many.elf", "several cores"))
# grub-mkrescue makes an image for those that it finds, and says nothing of others.
FIRMWARES = ("i386-pc", "x86_64-efi")


def menu(name, settings):
    lines = ["insmod all_video", "set timeout=1", f"set default={int(settings['cores'] > 1)}"]
    words = " ".join(shlex.quote(word) for word in settings["append"].split())
    for kernel, cores in KERNELS:
        lines += [f'menuentry "Pith: {name}, {cores}" {{', f"    multiboot2 /boot/{kernel} {words}".rstrip(),
                  "    module2 /boot/system.cpio", "}"]
    return "\n".join(lines) + "\n"


def make(name, build, out):
    for what in FIRMWARES:
        if not os.path.isdir(os.path.join("/usr/lib/grub", what)):
            sys.exit(f"iso.py: GRUB for {what} is not there; `tools/setup.sh iso` installs it")
    with tempfile.TemporaryDirectory() as folder:
        boot = os.path.join(folder, "boot")
        os.makedirs(os.path.join(boot, "grub"))
        for kernel, _ in KERNELS:
            shutil.copy(os.path.join(build, "kernel", kernel), boot)
        shutil.copy(os.path.join(build, "systems", name + ".cpio"), os.path.join(boot, "system.cpio"))
        with open(os.path.join(boot, "grub", "grub.cfg"), "w", encoding="utf-8") as file:
            file.write(menu(name, qemu.settings_of(name)))
        try:
            done = subprocess.run(["grub-mkrescue", "-o", out, folder], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, errors="replace", check=False)
        except FileNotFoundError:
            sys.exit("iso.py: there is no grub-mkrescue; `tools/setup.sh iso` installs it")
    if done.returncode != 0:
        sys.exit(f"iso.py: grub-mkrescue ended with status {done.returncode}:\n{done.stderr}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("system")
    parser.add_argument("--build", default="build")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    make(args.system, args.build, args.out)


if __name__ == "__main__":
    main()
