"""A small IMAP server on this machine: one user, one mailbox, and what RFC 3501 has of reading headers by number."""

from __future__ import annotations

import re
import socketserver
import threading
from contextlib import contextmanager

USER, PASSWORD = "canary", 'pa"ss\\word'


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.send("* OK ready")
        for raw in self.rfile:
            tag, _, line = raw.decode().strip().partition(" ")
            name = line.upper()
            self.server.asked.append(line.partition(" ")[0] if not name.startswith("LOGIN") else "LOGIN")
            if not self.answer(tag, line, name):
                return

    def answer(self, tag, line, name):
        server = self.server
        if name.startswith("CAPABILITY"):
            self.send("* CAPABILITY IMAP4rev1")
        elif name.startswith("LOGIN"):
            quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
            if line.partition(" ")[2] != f'{USER} "{quoted}"':
                self.send(f"{tag} NO wrong user or password: {line}")
                return True
        elif name.startswith(("EXAMINE", "SELECT")):
            if '"INBOX"' not in line:
                self.send(f"{tag} NO no such mailbox")
                return True
            self.send(f"* {len(server.mails)} EXISTS")
        elif name.startswith("STATUS"):
            self.send(f'* STATUS "INBOX" (UIDNEXT {server.next})')
        elif name.startswith("UID SEARCH"):
            first = int(re.search(r"UID (\d+):", line)[1])
            there = [uid for uid in server.mails if uid >= first] or [*server.mails][-1:]
            self.send(" ".join(["* SEARCH", *map(str, there)]))
        elif name.startswith("UID FETCH"):
            for place, uid in enumerate(map(int, re.search(r"FETCH ([\d,]+)", line)[1].split(",")), 1):
                headers = server.mails[uid]
                self.send(f"* {place} FETCH (UID {uid} BODY[HEADER.FIELDS (FROM SUBJECT)] {{{len(headers)}}}")
                self.wfile.write(headers + b")\r\n")
        elif name.startswith("LOGOUT"):
            self.send("* BYE")
            self.send(f"{tag} OK done")
            return False
        self.send(f"{tag} OK done")
        return True

    def send(self, line):
        self.wfile.write(f"{line}\r\n".encode())


class ImapServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Session)
        self.mails: dict[int, bytes] = {}
        self.next = 1
        self.asked: list[str] = []

    @property
    def url(self):
        return f"imap://{USER}:pa%22ss%5Cword@127.0.0.1:{self.server_address[1]}/INBOX"

    def arrive(self, subject, sender="helpdesk@vendor.example"):
        self.mails[self.next] = f"From: {sender}\r\nSubject: {subject}\r\n\r\n".encode()
        self.next += 1


@contextmanager
def serving():
    with ImapServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
