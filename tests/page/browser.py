# SPDX-License-Identifier: MIT
"""Chromium without a window, driven by Debian's chromedriver over WebDriver's HTTP: no more of it than the test needs."""
import base64
import json
import os
import re
import subprocess
import urllib.error
import urllib.request


class BrowserError(OSError):
    """What chromedriver says is wrong."""


class Browser:
    def __init__(self, timeout_s):
        self.timeout_s = timeout_s
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True)
        self.session = None
        for line in self.driver.stdout:
            if match := re.search(r"started successfully on port (\d+)", line):
                self.base = f"http://127.0.0.1:{match[1]}/session"
                break
        else:
            raise BrowserError("chromedriver did not start")
        words = ["--headless=new", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"]
        if os.geteuid() == 0:
            words.append("--no-sandbox")  # Chromium's sandbox does not work for root
        options = {"args": words}
        always = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.session = self.ask("POST", "", {"capabilities": {"alwaysMatch": always}})["sessionId"]

    def ask(self, method, path, body=None):
        url = self.base + (f"/{self.session}" if self.session else "") + path
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=self.timeout_s) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise BrowserError(json.load(error)["value"]["message"]) from error

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script, *words):
        """The body of a function in the page; its result."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(words)})

    def protocol(self, command, **params):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def resize(self, width, height, mobile=False, dark=False):
        self.protocol("Emulation.setDeviceMetricsOverride", width=width, height=height, mobile=mobile,
                      deviceScaleFactor=2 if mobile else 1)
        self.protocol("Emulation.setEmulatedMedia",
                      features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def screenshot(self, path):
        """The whole page, also what is below the window."""
        shot = self.protocol("Page.captureScreenshot", captureBeyondViewport=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def messages(self):
        """What the console of the browser got since the last time."""
        return self.ask("POST", "/se/log", {"type": "browser"})

    def end(self):
        try:
            if self.session:
                self.ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(self.timeout_s)
            self.driver.stdout.close()
