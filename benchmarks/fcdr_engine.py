"""Does the engine keep an endpoint busy, and does anything survive `kill -9`? FCDR against a scripted endpoint.

    python benchmarks/fcdr_engine.py                     # 2,000 rows, 20 kills: about ten minutes on two cores
    python benchmarks/fcdr_engine.py --rows 200 --kills 3 --results small.json

In: rows of the embedded sample; rules that let all of them pass, a judge for four stages and a teacher, which all are the
endpoint of `scripted_endpoint.py` (50 ms, 64 at once). Out: a table and `results/fcdr_engine.json`:

- *of nominal*: replies a second by the endpoint's clock, divided by 64 / 0.05 s, between the first and the last tenth of
  the replies and over all; without trouble, and with 5% of 429, 2% of 500, 1% cut, 1% garbage.
- *of a bare client*: the same, divided by what a bare loop over aiohttp gets from the endpoint in this run: it sends the
  bodies of such requests, made beforehand, and throws the replies away. That is all that the endpoint and this machine
  allow. It runs before and after the engine, and the better one counts.
- *CPU*: of the client's process, from the first candidate to the last row; reading and rendering the rows is left out.
- *lost* and *doubled* rows, and how many rows ended without a verdict.
- *kills*: the run is killed at random moments and started again until it ends. The output must be the same bytes as
  without kills, and the endpoint counts what it was asked again although it had answered.
"""

import argparse
import asyncio
import gc
import hashlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import aiohttp
from common import describe_machine, write_json

from funreason_trl.data.rendering import render_python
from funreason_trl.data.sample import sample_rows
from funreason_trl.evaluation.table import markdown_table
from funreason_trl.fcdr.journal import Journal
from funreason_trl.fcdr.judge_prompts import judge_messages, verdict_schema
from funreason_trl.fcdr.judges import EndpointJudge
from funreason_trl.fcdr.models import Endpoint
from funreason_trl.fcdr.pipeline import Inspected
from funreason_trl.fcdr.runner import inspect_all
from funreason_trl.fcdr.teacher import Teacher
from funreason_trl.fcdr.verdicts import Candidate, Outcome, Stage, Verdict
from funreason_trl.generation import GenerationSettings


HERE = Path(__file__).parent
RESULTS = HERE / "results" / "fcdr_engine.json"
LATENCY, PLACES = 0.05, 64
ALLOWED = PLACES / LATENCY
# More than the endpoint answers at once, so that it never waits for us.
IN_FLIGHT = PLACES + PLACES // 2
JUDGED = [stage for stage in Stage if stage is not Stage.FORMAT]
# By default: the real rules, on top of what is measured here, have a benchmark of their own.
PASSING_RULES = {stage: lambda candidate, stage=stage: Verdict(stage, Outcome.PASS) for stage in Stage}


def candidates(count: int) -> Iterator[Candidate]:
    for row in sample_rows(count):
        yield Candidate(row, render_python(row)[-1]["completion"][0]["content"])


def inspect_rows(base_url: str, rows: list[Candidate], journal_path: Path, output: Path) -> None:
    """One run from end to end; this is what is killed."""
    # What imports left behind is a million objects, through which the collector would go again and again.
    gc.freeze()
    endpoint = Endpoint(base_url, "scripted", concurrency=IN_FLIGHT, first_wait=0.2)
    judge = EndpointJudge(endpoint)
    teacher = Teacher(endpoint, GenerationSettings(max_new_tokens=256))
    with Journal(journal_path) as journal, output.open("w") as file:
        judges = dict.fromkeys(JUDGED, judge)
        for inspected in inspect_all(rows, PASSING_RULES, judges, teacher, journal, progress=False):
            file.write(json.dumps(_as_line(inspected)) + "\n")


def _as_line(inspected: Inspected) -> dict:
    return {
        "id": inspected.candidate.row["id"],
        "status": inspected.status,
        "text": inspected.candidate.text,
        "details": inspected.candidate.details,
        "verdicts": [vars(verdict) for verdict in inspected.verdicts],
    }


@contextmanager
def scripted_endpoint(trouble: bool) -> Iterator[str]:
    command = [sys.executable, str(HERE / "scripted_endpoint.py"), f"--latency={LATENCY}", f"--places={PLACES}"]
    with subprocess.Popen(
        [*command, *(["--trouble"] if trouble else [])], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def read_stats(base_url: str, restart: bool = False) -> dict:
    with urlopen(base_url.removesuffix("/v1") + "/stats" + ("?restart" if restart else "")) as reply:
        return json.load(reply)


# ---------------------------------------------------------------------------------------------------------- throughput


def measure_throughput(count: int, trouble: bool, folder: Path) -> dict:
    with scripted_endpoint(trouble) as base_url:
        output = folder / f"throughput_{trouble}.jsonl"
        given = list(candidates(count))
        started = time.process_time()
        inspect_rows(base_url, given, folder / f"throughput_{trouble}.sqlite", output)
        cpu = time.process_time() - started
        stats = read_stats(base_url)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    ids = [row["id"] for row in rows]
    wanted = [candidate.row["id"] for candidate in given]
    return _shares(stats) | {
        "cpu_ms_per_request": cpu / stats["served"] * 1000,
        "lost": len(set(wanted) - set(ids)),
        "doubled": len(ids) - len(set(ids)),
        "in_order": ids == wanted,
        "errors": sum(row["status"] == "error" for row in rows),
        "repeated": stats["repeated"],
    }


def measure_bare_client(requests: int) -> dict:
    with scripted_endpoint(trouble=False) as base_url:
        bodies = [
            json.dumps(
                {
                    "messages": judge_messages(stage, candidate),
                    "response_format": {"json_schema": {"schema": verdict_schema(stage)}},
                }
            ).encode()
            for candidate in candidates(requests // len(JUDGED))
            for stage in JUDGED
        ]
        started = time.process_time()
        asyncio.run(_send_all(base_url + "/chat/completions", bodies))
        cpu = time.process_time() - started
        return _shares(read_stats(base_url)) | {"cpu_ms_per_request": cpu / len(bodies) * 1000}


async def _send_all(url: str, bodies: list[bytes]) -> None:
    left = iter(bodies)

    async def work() -> None:
        for body in left:
            async with session.post(url, data=body) as reply:
                await reply.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))


def _shares(stats: dict) -> dict:
    whole = stats["served"] / (stats["last"] - stats["first"])
    return {"served": stats["served"], "share": stats["middle"] / ALLOWED, "share_of_whole_run": whole / ALLOWED}


# --------------------------------------------------------------------------------------------------------------- kills


def measure_kills(count: int, kills: int, folder: Path) -> dict:
    with scripted_endpoint(trouble=True) as base_url:
        whole = folder / "whole.jsonl"
        _start(base_url, count, folder / "whole.sqlite", whole).wait()
        requests = read_stats(base_url)["answered"]
    with scripted_endpoint(trouble=True) as base_url:
        output, journal = folder / "killed.jsonl", folder / "killed.sqlite"
        moments = random.Random(0)
        killed = []
        for number in range(kills):
            before = read_stats(base_url)["served"]
            # Each life gets its share of what is left, more or less, so that every one comes to be killed at work.
            life = int(moments.uniform(0.1, 1.9) * (requests - before) / (kills - number + 1))
            process = _start(base_url, count, journal, output)
            while process.poll() is None and read_stats(base_url)["served"] < before + life:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            killed.append(process.wait() == -signal.SIGKILL)
        finished = _start(base_url, count, journal, output).wait() == 0
        stats = read_stats(base_url)
    return {
        "kills": sum(killed),
        "finished": finished,
        "same_bytes": output.read_bytes() == whole.read_bytes(),
        "sha256": hashlib.sha256(whole.read_bytes()).hexdigest(),
        "answered": stats["answered"],
        "repeated": stats["repeated"],
        "most_in_flight": sum(killed) * IN_FLIGHT,
    }


def _start(base_url: str, count: int, journal: Path, output: Path) -> subprocess.Popen:
    command = [sys.executable, __file__, "--inspect", base_url, str(journal), str(output), "--rows", str(count)]
    return subprocess.Popen(command)


# -------------------------------------------------------------------------------------------------------------- report


def report(results: dict) -> str:
    throughput = results["throughput"]
    bare = max(throughput["bare before"]["share"], throughput["bare after"]["share"])
    names = {"plain": "engine", "trouble": "engine; 5% 429, 2% 500, 1% cut, 1% garbage"}
    rows = [
        [
            names.get(name, name),
            values["served"],
            f"{values['share']:.3f}",
            f"{values['share_of_whole_run']:.3f}",
            f"{values['share'] / bare:.3f}",
            f"{values['cpu_ms_per_request']:.2f}",
            *(values.get(key, "") for key in ("lost", "doubled", "errors")),
        ]
        for name, values in throughput.items()
    ]
    shares = ["of nominal", "of nominal, whole run", "of a bare client"]
    text = markdown_table(["client", "replies", *shares, "CPU ms/reply", "lost", "doubled", "not judged"], rows) + "\n"
    if "kills" in results:
        kills = results["kills"]
        text += (
            f"\n{kills['kills']} kills during {results['rows']} rows: the output is "
            f"{'the same bytes' if kills['same_bytes'] else 'NOT THE SAME'} as without a kill; {kills['repeated']} of "
            f"{kills['answered']} answers had been given before (at most {kills['most_in_flight']} were under way).\n"
        )
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000, help="rows of each run")
    parser.add_argument("--kills", type=int, default=20, help="how often the run is killed; 0 leaves that part out")
    parser.add_argument("--results", type=Path, default=RESULTS, help="JSON to write; the table goes beside it")
    parser.add_argument("--inspect", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inspect:
        base_url, journal, output = options.inspect
        inspect_rows(base_url, list(candidates(options.rows)), Path(journal), Path(output))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        throughput = {
            "bare before": measure_bare_client(options.rows * len(JUDGED)),
            "plain": measure_throughput(options.rows, False, folder),
            "trouble": measure_throughput(options.rows, True, folder),
            "bare after": measure_bare_client(options.rows * len(JUDGED)),
        }
        results = {"machine": describe_machine(), "rows": options.rows, "throughput": throughput}
        if options.kills:
            results["kills"] = measure_kills(options.rows, options.kills, folder)
    write_json(options.results, results)
    text = report(results)
    options.results.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
