"""A Hub on 127.0.0.1, for tests: what huggingface_hub, datasets and transformers ask of the real one, and no more.

In: requests of those libraries, with `HF_ENDPOINT` set to [`LocalHub.url`]. Out: repositories as [`LocalHub.repo`] shows
them, every request that came in [`LocalHub.requests`], and trouble on demand with [`LocalHub.fail`].

    with LocalHub(folder) as hub:
        hub.fail("PUT", "/storage/", nth=2, status=500)
"""

import re
import threading
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hub.routes import ROUTES, Answer, Asked, Refused, Request
from tests.hub.store import Repo, Store


@dataclass
class Failure:
    method: str
    part: str
    nth: int
    times: int
    status: int | None
    says: str
    seen: int = 0


class LocalHub:
    """
    The server, as a context.

    Args:
        folder (`Path`): Where contents are stored.
    """

    def __init__(self, folder: Path):
        self.store = Store(folder)
        self.requests: list[Request] = []
        self._failures: list[Failure] = []
        self._stopped = False
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "LocalHub":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """From now on nobody listens, not on the connections that are open either."""
        self._stopped = True
        self._server.shutdown()
        self._server.server_close()

    def repo(self, repo_id: str, kind: str = "datasets") -> Repo:
        return self.store.repos[kind, repo_id]

    def fail(
        self,
        method: str,
        part: str,
        *,
        nth: int = 1,
        times: int = 1000,
        status: int | None = 500,
        says: str = "made to fail",
    ) -> None:
        """The nth request from now with `part` in its path, and the next ones, fail; status `None` cuts the line."""
        self._failures.append(Failure(method, part, nth, times, status, says))

    def heal(self) -> None:
        self._failures.clear()

    def sent(self, method: str, part: str) -> list[Request]:
        """The requests that came so far."""
        return [request for request in self.requests if request.method == method and part in request.path]

    def answer(self, request: Request) -> Answer | None:
        """`None` where the line is to be cut."""
        if self._stopped:
            return None
        with self._lock:
            self.requests.append(request)
            for failure in self._failures:
                if request.method != failure.method or failure.part not in request.path:
                    continue
                failure.seen += 1
                if failure.nth <= failure.seen < failure.nth + failure.times:
                    return None if failure.status is None else Refused(failure.status, failure.says).answer
            path, _, query = request.path.partition("?")
            for method, pattern, route in ROUTES:
                if method == request.method and (match := re.fullmatch(pattern, path)):
                    parts = {name: unquote(part) for name, part in match.groupdict().items() if part is not None}
                    try:
                        return route(Asked(self.url, self.store, request, parse_qs(query), **parts))
                    except Refused as refused:
                        return refused.answer
            return Refused(404, f"the local Hub has no {request.method} {path}").answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, hub: LocalHub, *arguments: Any):
        self.hub = hub
        super().__init__(*arguments)

    def handle_one_method(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        url = urlsplit(self.path)
        request = Request(
            self.command, url.path + ("?" + url.query if url.query else ""), headers, self.read_body(headers)
        )
        answer = self.hub.answer(request)
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_one_method

    def read_body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_: object) -> None:
        """Says nothing; the requests are on record."""
