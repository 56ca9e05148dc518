# SPDX-License-Identifier: MIT
"""The emulator's end of gdb's remote protocol: GDB manual, appendix E."""
import re
import socket
import time


class Stub:
    def __init__(self, path, timeout_s):
        self.timeout_s = timeout_s
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout_s)
        end = time.monotonic() + timeout_s
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        self.unread = b""

    def send(self, text):
        data = text.encode()
        self.socket.sendall(b"$" + data + b"#%02x" % (sum(data) % 256))

    def receive(self):
        while not (match := re.search(rb"\$([^#]*)#..", self.unread)):
            data = self.socket.recv(65536)
            if not data:
                raise OSError("the stub is gone")
            self.unread += data
        self.unread = self.unread[match.end():]
        self.socket.sendall(b"+")
        return match[1].decode()

    def ask(self, text, wanted=None):
        self.send(text)
        answer = self.receive()
        while re.fullmatch(r"O[0-9a-f]+", answer):  # what a monitor command prints
            answer = self.receive()
        if wanted is not None and not answer.startswith(wanted):
            raise OSError(f"the stub answers {answer!r} to {text!r}")
        return answer
