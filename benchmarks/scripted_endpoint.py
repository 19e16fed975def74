"""An OpenAI-compatible endpoint that follows a script, so that an engine is measured and not a model.

    python benchmarks/scripted_endpoint.py --trouble          # prints its address and answers until it is ended

In: chat completions. Out: after a fixed latency, and for at most so many at once, a verdict or a teacher's answer that
depends on the messages alone. With `--trouble` the n-th time that the same messages come, their hash and n decide
whether they meet a 429, a 500, a cut connection, or garbage: a reply that is no chat completion, or an answer that is no
verdict. `GET /stats` tells what was done so far, and `GET /stats?restart` counts anew from then on:

    {"served": 812, "answered": 740, "first": 12.1, "last": 14.3, "middle": 1275.2, "repeated": 0}

`served` counts all replies, `answered` those with a good answer, `repeated` the good answers to messages that had got one
before; `first` and `last` are seconds, `middle` the replies a second between the first and the last tenth of them.
"""

import argparse
import asyncio
import hashlib
import json
from collections import Counter
from time import monotonic


# Shares of replies; what is left over is answered.
TROUBLES = (("429", 0.05), ("500", 0.02), ("cut", 0.01), ("garbage", 0.01))
ACCEPTED = 0.8


class Script:
    """Decides on replies, and counts them."""

    def __init__(self, latency: float, places: int, trouble: bool):
        self.latency = latency
        self.places = asyncio.Semaphore(places)
        self.trouble = trouble
        self.attempts: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.restart()

    def restart(self) -> None:
        self.times: list[float] = []
        self.answered = self.repeated = 0
        self.first: float | None = None

    def stats(self) -> dict:
        tenth = len(self.times) // 10
        middle = self.times[tenth : len(self.times) - tenth]
        span = middle[-1] - middle[0] if len(middle) > 1 else 0.0
        stats = {
            "served": len(self.times),
            "answered": self.answered,
            "first": self.first,
            "last": self.times[-1] if self.times else None,
            "middle": (len(middle) - 1) / span if span else None,
            "repeated": self.repeated,
        }
        return stats

    async def reply(self, body: bytes) -> bytes | None:
        """The whole reply; `None` for a cut connection."""
        self.first = self.first or monotonic()
        request = json.loads(body)
        key = hashlib.sha256(json.dumps(request["messages"]).encode()).hexdigest()
        self.attempts[key] += 1
        trouble = self._trouble(key, self.attempts[key]) if self.trouble else ""
        async with self.places:
            await asyncio.sleep(self.latency)
        self.times.append(monotonic())
        if trouble == "cut":
            return None
        if trouble in ("429", "500"):
            return _http(int(trouble), b'{"error": "scripted"}')
        if trouble == "garbage":
            # Every other judge's is well-formed, with words that are no verdict. A teacher's words would be an answer,
            # and not the one that it gives when it is asked again.
            is_verdict_asked = "response_format" in request and key[-1] in "02468ace"
            return _http(200, _completion("I think it is fine.") if is_verdict_asked else b'{"choices": [<html>')
        self.answered += 1
        self.answers[key] += 1
        self.repeated += self.answers[key] > 1
        return _http(200, _completion(_answer(key, request)))

    def _trouble(self, key: str, attempt: int) -> str:
        draw = _draw(f"{key} {attempt}")
        for name, share in TROUBLES:
            draw -= share
            if draw < 0:
                return name
        return ""


def _draw(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48


def _answer(key: str, request: dict) -> str:
    if "response_format" not in request:
        return f"<think>Scripted thought {key[:8]}.</think>\n\n[scripted(key='{key[:8]}')]"
    problems = request["response_format"]["json_schema"]["schema"]["properties"]["problem"]["enum"]
    accepted = _draw(f"{key} verdict") < ACCEPTED
    problem = "none" if accepted else problems[1 + int(key[:4], 16) % (len(problems) - 1)]
    return json.dumps({"analysis": f"scripted {key[:8]}", "problem": problem, "score": 9 if accepted else 2})


def _completion(content: str) -> bytes:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    usage = {"prompt_tokens": 500, "completion_tokens": 40, "total_tokens": 540}
    return json.dumps({"object": "chat.completion", "choices": [choice], "usage": usage}).encode()


def _http(status: int, content: bytes) -> bytes:
    return (
        b"HTTP/1.1 %d -\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(content))
        + content
    )


async def _serve_connection(script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if head.startswith(b"get /stats"):
                writer.write(_http(200, json.dumps(script.stats()).encode()))
                if b"restart" in head.split(b"\r\n")[0]:
                    script.restart()
                continue
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            reply = await script.reply(await reader.readexactly(length))
            if reply is None:
                break
            writer.write(reply)
    except (asyncio.IncompleteReadError, ConnectionError):
        """The client went away."""
    writer.close()


async def serve(latency: float, places: int, trouble: bool) -> None:
    script = Script(latency, places, trouble)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _serve_connection(script, reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=2**24)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds to each reply")
    parser.add_argument("--places", type=int, default=64, help="requests that are answered at once")
    parser.add_argument("--trouble", action="store_true", help="with 429, 500, cut connections and garbage")
    options = parser.parse_args()
    asyncio.run(serve(options.latency, options.places, options.trouble))


if __name__ == "__main__":
    main()
