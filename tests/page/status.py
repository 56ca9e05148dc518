#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The status page as people see it: the default system in the emulator, the page in Chromium; run from the top of the tree.

Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last. Screenshots go to build/page/.
"""
import argparse
import json
import os
import sys
import tempfile
import time
import tomllib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../scenario"))

import browser  # noqa: E402
import console  # noqa: E402
import files  # noqa: E402
import web  # noqa: E402

SIZES = {"desktop": (1400, 900, False, False), "desktop-dark": (1400, 900, False, True),
         "tablet": (900, 1100, False, False), "phone": (390, 844, True, False), "phone-dark": (390, 844, True, True)}

# What lies on what: [what, on what]. Boxes, the letters in them, points along arrows.
OVERLAPS = """
const found = [], boxes = [...document.querySelectorAll('.box')];
const area = at => at.getBoundingClientRect();
const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
const frames = boxes.map(box => area(box.querySelector('rect')));
boxes.forEach((box, i) => {
  for (let k = 0; k < i; k++) {
    if (!apart(frames[i], frames[k])) { found.push([box.dataset.name, boxes[k].dataset.name]); }
  }
  box.querySelectorAll('text').forEach(text => {
    const inner = area(text);
    if (inner.left < frames[i].left || inner.right > frames[i].right || inner.top < frames[i].top ||
        inner.bottom > frames[i].bottom) { found.push([text.textContent, 'the edge of ' + box.dataset.name]); }
  });
});
const graph = document.getElementById('graph'), place = graph.getScreenCTM();
document.querySelectorAll('.call').forEach(call => {
  const length = call.getTotalLength();
  for (let at = 0; at <= length; at += 2) {
    const point = call.getPointAtLength(at).matrixTransform(place);
    frames.forEach((frame, i) => {
      if (point.x > frame.left + 1 && point.x < frame.right - 1 && point.y > frame.top + 2 && point.y < frame.bottom - 2) {
        found.push([call.dataset.from + '>' + call.dataset.to, boxes[i].dataset.name]);
      }
    });
  }
});
return found;
"""

# Cells and cards whose words are wider than they are, or wider than the window.
TOO_WIDE = """
const found = [];
if (document.documentElement.scrollWidth > window.innerWidth) {
  found.push('the page: ' + document.documentElement.scrollWidth + ' of ' + window.innerWidth);
}
document.querySelectorAll('td, th, dd, dt, h2, p, figure, section').forEach(at => {
  if (getComputedStyle(at).overflowX === 'auto') { return; } // it scrolls by itself
  if (at.scrollWidth > at.clientWidth + 1 && at.clientWidth > 0 && getComputedStyle(at).display !== 'inline') {
    found.push(at.tagName + ' ' + at.textContent.slice(0, 40) + ': ' + at.scrollWidth + ' of ' + at.clientWidth);
  }
  const area = at.getBoundingClientRect();
  if (area.right > window.innerWidth + 1 && area.left >= 0) { found.push(at.tagName + ' leaves the window'); }
});
return found;
"""

SMALLEST_LETTERS = """
const graph = document.getElementById('graph'), scale = graph.getScreenCTM().a;
const sizes = [...document.querySelectorAll('.box text')].map(at => parseFloat(getComputedStyle(at).fontSize) * scale);
document.querySelectorAll('td, th, dd, dt, p, small').forEach(at => sizes.push(parseFloat(getComputedStyle(at).fontSize)));
return Math.min(...sizes);
"""

NAMELESS = """
return [...document.querySelectorAll('svg, img')].filter(at => {
  const title = at.querySelector('title');
  return at.getAttribute('role') !== 'img' || !title || !title.textContent.trim();
}).map(at => at.id);
"""

ROW = """
const row = document.querySelector('tbody tr[data-name="' + arguments[0] + '"]');
const box = document.querySelector('.box[data-name="' + arguments[0] + '"]');
return {state: row.dataset.state, restarts: row.querySelector('td.restarts').textContent,
        down: row.querySelector('td.down').textContent, box: box.dataset.state, is_same: window.is_same === true,
        times: row.querySelector('td.times span').textContent, live: document.getElementById('live').textContent,
        recovered: [...document.querySelectorAll('#recovery-bars rect')].some(at => at.getAttribute('height') > 0)};
"""


def description():
    with open("systems/default.toml", "rb") as file:
        return tomllib.load(file)["program"]


def calls_of(programs):
    """{(caller, server)}: what the arrows must say."""
    servers = {name: program for program, about in programs.items() for name in about.get("offers", [])}
    servers["system"] = "warden"
    calls = set()
    for program, about in programs.items():
        names = about.get("uses", []) + about.get("calls", [])
        names += ["names"] * ("view" in about) + ["pci"] * ("device" in about)  # by themselves
        calls |= {(program, servers[name]) for name in names}
    return calls


class Page:
    def __init__(self, system, chromium, out):
        self.system, self.chromium, self.out = system, chromium, out
        self.programs = description()

    def waits_for(self, what, action):
        """Why not, after the time is up; None: it came."""
        end = time.monotonic() + self.system.timeout_s
        while (got := action()) is not None:
            if time.monotonic() > end:
                return f"wanted: {what}; got: {got}"
            time.sleep(0.2)
        return None

    def is_whole_without_script(self):
        said = self.system.curl("--retry", "5", "--retry-all-errors", self.system.url("/status")).decode()
        missing = [name for name in self.programs if f'data-name="{name}"><th ' not in said or
                   f'data-name="{name}"><rect ' not in said]
        if missing or "<noscript><meta http-equiv=\"refresh\"" not in said or not said.endswith("</html>\n"):
            return f"wanted: the whole page; got: {len(said)} bytes without {missing}"
        return None

    def numbers_are_there(self):
        said = json.loads(self.system.curl(self.system.url("/status.json")))
        names = [about["name"] for about in said["programs"]]
        if names != list(self.programs):
            return f"wanted: {list(self.programs)}; got: {names}"
        calls = {about["name"]: about["calls"] + about["entries_in"] for about in said["programs"]}
        silent = [name for name in ("net", "netcard", "pci", "http") if not calls[name]]
        wrong = [about["name"] for about in said["programs"] if sum(about["times"]) != about["calls"]]
        return f"wanted: counts; got: none of {silent}, not all calls in the histograms of {wrong}" if silent or wrong else None

    def opens(self):
        self.chromium.resize(*SIZES["desktop"])
        self.chromium.open(self.system.url("/status"))
        self.chromium.run("window.is_same = true")
        return self.waits_for("a page that is live", lambda: self.row("http")["live"] if self.row("http")["live"] != "live" else None)

    def row(self, name):
        return self.chromium.run(ROW, name)

    def programs_are_there(self):
        rows = self.chromium.run("return [...document.querySelectorAll('tbody tr')].map(at => at.dataset.name)")
        boxes = self.chromium.run("return [...document.querySelectorAll('.box')].map(at => at.dataset.name)")
        wanted = list(self.programs)
        if rows != wanted or sorted(boxes) != sorted(wanted + ["warden"]):
            return f"wanted: {wanted}; got: rows {rows}, boxes {boxes}"
        return None

    def arrows_are_there(self):
        found = self.chromium.run("return [...document.querySelectorAll('.call')].map(at => [at.dataset.from, at.dataset.to])")
        got, wanted = sorted(tuple(pair) for pair in found), sorted(calls_of(self.programs))
        return None if got == wanted else f"wanted: {wanted}; got: {got}"

    def looks_right(self, size):
        self.chromium.resize(*SIZES[size])
        time.sleep(0.3)
        self.chromium.screenshot(f"{self.out}/status-{size}.png")
        overlaps, wide = self.chromium.run(OVERLAPS), self.chromium.run(TOO_WIDE)
        smallest = self.chromium.run(SMALLEST_LETTERS)
        if overlaps or wide or smallest < 9:
            return f"{size}: wanted: letters that can be read, nothing on anything; got: {smallest} px, {overlaps[:5]}, {wide[:5]}"
        return None

    def pictures_have_words(self):
        nameless = self.chromium.run(NAMELESS)
        return f"wanted: a title for each picture; got: none for {nameless}" if nameless else None

    def death_is_shown(self, name):
        before = int(self.row(name)["restarts"].split()[0])
        self.system.ask(f"fail {name}")

        def look():
            got = self.row(name)
            is_right = (int(got["restarts"].split()[0]) == before + 1 and got["state"] == got["box"] == "running" and
                        got["down"].startswith("last ") and got["recovered"] and got["is_same"])
            return None if is_right else got
        return self.waits_for(f"{before + 1} restarts without a reload", look)

    def log_is_shown(self):
        """What programs write is text, whatever they write."""
        self.system.ask("start herald say <b id=forged>&amp;'\"</b>")

        def look():
            got = self.chromium.run("return [...document.querySelectorAll('#log li')].map(at => at.innerText.replace(/\\s+/g, ' '))")
            is_right = (any("herald info <b id=forged>&amp;'\"</b>" in line for line in got) and
                        any("warden info disk restarted (1)" in line for line in got) and
                        not self.chromium.run("return document.getElementById('forged') !== null"))
            return None if is_right else got[:5]
        return self.waits_for("the lines of herald and warden, without a reload", look)

    def end_is_shown(self):
        self.system.ask("kill echo")

        def look():
            got = self.row("echo")
            return None if got["state"] == got["box"] == "stopped" and got["is_same"] else got
        why = self.waits_for("echo stopped, in table and drawing", look)
        self.chromium.screenshot(f"{self.out}/status-stopped.png")
        self.system.ask("start echo")
        return why

    def script_is_right(self):
        wrong = [message for message in self.chromium.messages() if message["level"] in ("SEVERE", "WARNING")]
        return f"wanted: a silent console; got: {wrong}" if wrong else None

    def page_outlives_server(self):
        """The page finds the new server by itself; what the browser says of requests that failed does not count."""
        why = self.death_is_shown("http")
        self.chromium.messages()
        return why or (None if self.row("http")["is_same"] else "wanted: the same page; got: a new one")


def converse(page):
    system = page.system
    system.does("the_page_is_whole_without_its_script", page.is_whole_without_script)
    system.does("the_script_is_told_numbers", page.numbers_are_there)
    system.does("the_page_opens_and_is_live", page.opens)
    system.does("each_program_is_there", page.programs_are_there)
    system.does("each_call_is_an_arrow", page.arrows_are_there)
    system.does("pictures_have_words", page.pictures_have_words)
    system.does("a_death_is_shown_without_reload", lambda: page.death_is_shown("disk"))
    system.does("new_lines_of_the_log_are_shown", page.log_is_shown)
    system.does("an_end_is_shown_without_reload", page.end_is_shown)
    for size in SIZES:
        system.does(f"nothing_overlaps_on_a_{size}", lambda size=size: page.looks_right(size))
    system.does("the_script_has_no_errors", page.script_is_right)
    system.does("the_page_outlives_its_server", page.page_outlives_server)
    system.step("powers_off", lambda: web.power_off(system))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--timeout", type=float, default=60, help="seconds for each step")
    args = parser.parse_args()
    out = f"{args.build}/page"
    os.makedirs(out, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        files.write(f"{folder}/tree/hello.txt", b"hello\n")
        files.make_image(f"{folder}/disk.img", f"{folder}/tree", "-b", "4096")
        system = web.Web(args.build, args.timeout, f"{folder}/disk.img", f"{folder}/tree")
        chromium = None
        try:
            system.step("boots", lambda: system.machine.wait_for(console.PROMPT, args.timeout) and None)
            chromium = browser.Browser(args.timeout)
            converse(Page(system, chromium, out))
        finally:
            if chromium:
                chromium.end()
            system.machine.end(0.1)
    print(f"{system.passed} passed, {system.failed} failed")
    sys.exit(0 if system.passed and not system.failed else 1)


if __name__ == "__main__":
    main()
