"""What several selftests need: programs that only pretend, and time that takes none."""

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import pytest

from canary_conformance.report.run_record import Outcome, RunRecord, TestRecord
from canary_conformance.scenario.observations import Page
from canary_conformance.verdicts import Verdict
from canary_conformance.waiting import wait_until

OLD_PAGE = Page(
    status=200,
    host="app-1",
    store="redis",
    flag="clear",
    results="Cats: 2 | Dogs: 4",
    buttons=("Cats", "Dogs", "Reset"),
    error="",
    cookie="",
    sent_at=0.0,
    took=0.02,
    excerpt="<html>",
)
NEW_PAGE = replace(OLD_PAGE, host="app-2", store="mysql", results="Cats: 2/6 (33%) | Dogs: 4/6 (67%)")
FAILED_PAGE = replace(OLD_PAGE, status=503, host="", store="", results="", excerpt="no healthy upstream")


def run_record(**outcomes: Outcome) -> RunRecord:
    """Return a run in which each requirement (R4_4) had one test with this outcome."""
    verdict = Verdict(True, "2.0", "2.0", "600 of 600", (), 600, 0.0, 0.01)
    tests = [
        TestRecord(f"tests/t.py::test_{name}", (name.replace("_", "."),), 4, outcome, (verdict,), "why", 1.5)
        for name, outcome in outcomes.items()
    ]
    return RunRecord(("a header",), tuple(tests), ())


class FakeClock:
    """Time that passes by sleeping, and by what a test says that something takes."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(float(seconds))
        self.time += seconds


class Programs:
    """Shell scripts that stand for programs, found before those of the machine; each call is written down."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder / "programs"
        self._folder.mkdir()
        self._calls = folder / "calls"
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("PATH", f"{self._folder}{os.pathsep}{os.environ['PATH']}")

    @property
    def path(self) -> str:
        return str(self._folder)

    def add(self, name: str, script: str = "") -> Path:
        program = self._folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {self._calls}\n{script}\n')
        program.chmod(0o755)
        return program

    def only_these(self) -> None:
        """Hide the machine's own programs; scripts are left with the shell's built-in commands."""
        self._monkeypatch.setenv("PATH", self.path)

    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines() if self._calls.exists() else []


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request as it came in; str is "POST / vote=Cats"."""

    method: str
    path: str
    body: str
    headers: Mapping[str, str]

    @property
    def cookie(self) -> str | None:
        return self.headers.get("Cookie")

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.body}"


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # voters come side by side; one that finds the queue full may be reset
    daemon_threads = True


class Site:
    """The voting page on this machine's loopback: it keeps every request, and misbehaves when told to."""

    def __init__(self) -> None:
        self.requests: list[SeenRequest] = []
        self.status = 200
        self.breaks = False
        self.set_cookie = ""
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        # The pause of serve_forever is how long the end of a test waits for it.
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: SeenRequest) -> tuple[int, str, dict[str, str]]:
        """Return status, body and headers, as the contract of voting-app has them."""
        if self.status != 200:
            return self.status, "no healthy upstream", {}
        if request.method == "POST":
            lasting = {"/featureflag/set": "900", "/featureflag/clear": "0"}.get(request.path)
            cookie = {"Set-Cookie": f"featureflag=on; Path=/; Max-Age={lasting}"} if lasting else {}
            return 302, "", {"Location": "/"} | cookie
        footer = '<div id="footer">host: pod-1 store: redis feature flag: clear</div>'
        body = f'<div id="results"> Cats: 0 | Dogs: 0 </div>{footer}'
        return 200, body, {"Set-Cookie": self.set_cookie} if self.set_cookie else {}

    @contextmanager
    def counted(self, request: SeenRequest) -> Iterator[None]:
        with self._lock:
            self.requests.append(request)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1

    def _handler(site) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # header and body in one packet, or the second waits for the first one's ACK

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                request = SeenRequest(self.command, self.path, body, dict(self.headers))
                with site.counted(request):
                    if site.breaks:
                        self.close_connection = True
                        return
                    status, text, headers = site.answer(request)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text.encode())

            do_GET = do_POST = do_HEAD = do_OPTIONS = _serve  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@contextmanager
def interrupted_when(path: Path) -> Iterator[None]:
    """Send this process a Ctrl-C as soon as a file is there, also where whoever started it has it ignored."""

    def interrupt() -> None:
        wait_until(path.exists, until=bool, limit=10, what="the program has started")
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        signal.signal(signal.SIGINT, before)
