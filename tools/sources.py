#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fetch, check and unpack Debian source packages that parts of the system are built from.

Usage: sources.py [--out FOLDER] NAME ...     from the table tools/sources.toml

Each ends up in FOLDER/NAME/, with Debian's own patches applied; FOLDER/NAME.stamp says which version
it is, and nothing is done if that is the one wanted. Where to fetch from is read from this machine's
configuration of apt, which is not changed; root is not needed.
"""
import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sources.toml")


class Failure(Exception):
    """Something that a person has to do something about; the text says what."""


def run(command, what, **options):
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace",
                              check=False, **options)
    except FileNotFoundError as error:
        raise Failure(f"{what}: there is no {command[0]} here; tools/setup.sh build installs it") \
            from error
    if done.returncode != 0:
        said = "\n".join(line for line in (done.stdout + done.stderr).splitlines()
                         if line.startswith(("E:", "W:", "Err:", "dpkg-source:")))
        raise Failure(f"{what} failed:\n{said or (done.stdout + done.stderr).strip()}")
    return done.stdout


def suites():
    """What this machine's apt fetches Debian's packages from: (address, suite, component)."""
    said = run(["apt-get", "indextargets", "--format",
                "$(CREATED_BY) $(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)"], "asking apt")
    found = set()
    for line in said.splitlines():
        words = line.split(" ")
        # Before the first `apt-get update` nobody knows the origin: $(ORIGIN) is left as it is.
        if len(words) == 5 and words[0] == "Packages" and words[1] in ("Debian", "$(ORIGIN)", ""):
            found.add(tuple(words[2:]))
    if not found:
        raise Failure("this machine's apt knows no Debian archive (apt-get indextargets)")
    return sorted(found)


def signed_by():
    """Let apt check the archive's signature with Debian's keys, wherever they are on this machine."""
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    return f"Signed-By: {keys}\n" if os.path.exists(keys) else ""


def apt_options(folder):
    """apt with lists and cache of its own, in a folder that is deleted afterwards."""
    for name in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(folder, name))
    config = os.path.join(folder, "archive.sources")
    with open(config, "w", encoding="utf-8") as file:
        for address, suite, component in suites():
            file.write(f"Types: deb-src\nURIs: {address}\nSuites: {suite}\n"
                       f"Components: {component}\n{signed_by()}\n")
    settings = {
        "Dir::Etc::sourcelist": config, "Dir::Etc::sourceparts": "-",
        "Dir::State::Lists": os.path.join(folder, "lists"),
        "Dir::Cache": os.path.join(folder, "cache"),
        "APT::Sandbox::User": "root", "Acquire::Languages": "none", "Debug::NoLocking": "1",
        "Acquire::Retries": "2", "Acquire::http::Timeout": "30",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def wrong_files(package, folder):
    """Files of a package that are missing in a folder, or not what the table says."""
    wrong = []
    for name, digest in package["files"].items():
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            wrong.append(f"{name} is missing")
            continue
        with open(path, "rb") as file:
            found = hashlib.sha256(file.read()).hexdigest()
        if found != digest:
            wrong.append(f"{name} has SHA-256\n    {found}, wanted\n    {digest}")
    return wrong


def fetch(wanted, table, out):
    """Put the files of these packages into OUT/files/NAME, checked."""
    missing = [name for name in wanted
               if wrong_files(table[name], os.path.join(out, "files", name))]
    if not missing:
        return
    with tempfile.TemporaryDirectory() as folder:
        options = apt_options(folder)
        run(["apt-get", "-q", *options, "-o", "APT::Update::Error-Mode=any", "update"],
            "reading the archive's list of source packages (is there a network?)")
        for name in missing:
            where = os.path.join(folder, "of", name)
            os.makedirs(where)
            version = table[name]["version"]
            run(["apt-get", "-q", *options, "source", "--download-only", f"{name}={version}"],
                f"fetching the source package {name} {version}: this archive may not have it. It",
                cwd=where)
            wrong = wrong_files(table[name], where)
            if wrong:
                raise Failure(f"{name}: not the files that were asked for:\n  " +
                              "\n  ".join(wrong))
            kept = os.path.join(out, "files", name)
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(where, kept)


def unpack(name, package, out):
    """Under another name first, so that an interruption leaves nothing that looks whole."""
    target, fresh = os.path.join(out, name), os.path.join(out, name + ".new")
    for folder in (target, fresh):
        shutil.rmtree(folder, ignore_errors=True)
    description = next(file for file in package["files"] if file.endswith(".dsc"))
    # The table's hashes stand for the signature, which needs a key ring that may not be here.
    run(["dpkg-source", "--no-check", "--extract", os.path.join(out, "files", name, description),
         fresh], f"unpacking {name}")
    os.rename(fresh, target)
    for file in package["files"]:
        leftover = os.path.join(out, file)  # dpkg-source puts a copy of the original beside
        if os.path.exists(leftover):
            os.remove(leftover)


def stamp_text(package):
    return "".join(f"{digest} {name}\n" for name, digest in sorted(package["files"].items()))


def is_there(name, package, out):
    try:
        with open(os.path.join(out, name + ".stamp"), encoding="utf-8") as file:
            return file.read() == stamp_text(package) and os.path.isdir(os.path.join(out, name))
    except FileNotFoundError:
        return False


def bring(names, table, out):
    for name in names:
        if name not in table:
            raise Failure(f"{TABLE} has no package {name}; it has {', '.join(table)}")
    wanted = [name for name in names if not is_there(name, table[name], out)]
    for name in wanted:
        print(f"  GET   {name} {table[name]['version']}, a source package of Debian: "
              f"{table[name]['why']}", flush=True)
    os.makedirs(out, exist_ok=True)
    fetch(wanted, table, out)
    for name in wanted:
        unpack(name, table[name], out)
        with open(os.path.join(out, name + ".stamp"), "w", encoding="utf-8") as file:
            file.write(stamp_text(table[name]))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="build/sources")
    parser.add_argument("names", nargs="+")
    args = parser.parse_args()
    with open(TABLE, "rb") as file:
        table = tomllib.load(file)
    try:
        bring(args.names, table, args.out)
    except Failure as failure:
        print(f"tools/sources.py: {failure}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
