"""A server on 127.0.0.1 that speaks just enough of OpenAI's protocol, and misbehaves as a test tells it to.

In: `script`, what to do with each of the next requests; after it, and by default, requests are answered by their own
last message in capitals. Out: `requests`, the headers and bodies that came.
"""

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


CUT, GARBAGE, SILENCE = "cut", "garbage", "silence"


def completion(content=None, finish_reason="stop", tokens=3, **message):
    return {
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": content, **message},
            }
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": tokens, "total_tokens": 5 + tokens},
    }


class StandIn:
    """Script items: a status, a pair of status and headers, a completion to send, or one of the three words above."""

    def __init__(self):
        self.script = []
        self.requests = []
        self.delay = 0.0
        self.together = 1  # the first answer waits until so many requests are under way
        self.under_way = self.most_under_way = 0
        self._lock = threading.Lock()
        self._another = threading.Condition(self._lock)
        self._closing = threading.Event()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                stand_in.handle(self)

            def log_message(self, *arguments):
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *exception):
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def handle(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        with self._lock:
            self.requests.append((handler.path, dict(handler.headers), body))
            action = self.script.pop(0) if self.script else completion(body["messages"][-1]["content"].upper())
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            self._another.notify_all()
            self._another.wait_for(lambda: self.most_under_way >= self.together, timeout=600)
        time.sleep(self.delay)
        if action == SILENCE:
            self._closing.wait(1800)
        # Before the answer: a client that has read it may ask again at once.
        with self._lock:
            self.under_way -= 1
        try:
            self._act(handler, action)
        except OSError:
            """The client went away."""

    def _act(self, handler, action):
        if action in (CUT, SILENCE):
            handler.connection.shutdown(socket.SHUT_RDWR)
        elif action == GARBAGE:
            self._send(handler, 200, {}, b'{"choices": [<html>')
        elif isinstance(action, dict):
            self._send(handler, 200, {}, json.dumps(action).encode())
        else:
            status, headers = action if isinstance(action, tuple) else (action, {})
            self._send(handler, status, headers, b'{"error": "the words of the server"}')

    def _send(self, handler, status, headers, content):
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)


# Held as long as the process lives, so that nobody else comes to listen there.
_DEAD = socket.socket()
_DEAD.bind(("127.0.0.1", 0))


def dead_url():
    """An address at which nothing listens."""
    return f"http://127.0.0.1:{_DEAD.getsockname()[1]}/v1"
