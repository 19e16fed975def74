"""Starts workers, one for each checker, and goes on after an answer on which one hangs or dies.

In: answers. Out: [`judge`]: a verdict for each; [`time_passes`]: processor seconds of passes over them, both checkers in turn.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bfcl_parity_helpers.environment import package_of, python_of


CHECKERS = ("official", "ours")
WORKER = Path(__file__).with_name("worker.py")
REPOSITORY = Path(__file__).parents[2]
HANG_SECONDS = 20


@dataclass(frozen=True)
class Answer:
    """
    A text to be judged.

    Attributes:
        category (`str`), id (`str`): The row that it answers.
        text (`str`): What a model might have written.
        kinds (`tuple[str, ...]`): What was done to a right answer to get it; for tables.
        underscored (`bool`): Whether the functions were shown with underscores instead of dots.
    """

    category: str
    id: str
    text: str
    kinds: tuple[str, ...] = ()
    underscored: bool = False


@dataclass(frozen=True)
class Verdict:
    """
    What a checker said.

    Attributes:
        valid (`bool` or `None`): Right or wrong; `None` if the checker raised an exception, hung or died.
        error (`str`): Kind of mistake, or what happened instead of a verdict.
        decoded (`str`): The calls that it read, as text or as a digest of a long one; empty for none.
    """

    valid: bool | None
    error: str = ""
    decoded: str = ""


def judge(checker: str, environment: Path, answers: Sequence[Answer]) -> list[Verdict]:
    """
    The verdicts of one checker.

    Args:
        checker (`str`): `"official"` or `"ours"`.
        environment (`Path`): Of the official package; our checker reads its data files.
        answers (`Sequence[Answer]`): May be hostile; those that make the official one run code must not be here.

    Returns:
        `list[Verdict]`: One for each answer, in order.
    """
    with tempfile.TemporaryDirectory() as scratch:
        answers_file = _write(Path(scratch), answers)
        output = Path(scratch) / "verdicts.jsonl"
        output.touch()
        lines = 0
        while lines < len(answers):
            process = _start(checker, "judge", environment, answers_file, output, lines)
            end = _wait(process, output)
            before, lines = lines, len(_lines(output))
            if lines == len(answers):
                break
            if lines == before and end.startswith("error"):
                raise RuntimeError(f"the {checker} worker judged nothing: {end}")
            with output.open("a") as file:
                file.write(json.dumps({"n": lines, "raised": end}) + "\n")
            lines += 1
        records = [json.loads(line) for line in _lines(output)]
    return [_verdict(record) for record in records]


def _verdict(record: dict) -> Verdict:
    decoded = record.get("decoded", "")
    if "raised" in record:
        return Verdict(None, record["raised"], decoded)
    return Verdict(record["valid"], record["error"], decoded)


def time_passes(environment: Path, answers: Sequence[Answer], rounds: int) -> dict[str, list[float]]:
    """Processor seconds of each pass over `answers`, in a fresh process each, the checkers taking turns, first and second."""
    seconds: dict[str, list[float]] = {checker: [] for checker in CHECKERS}
    with tempfile.TemporaryDirectory() as scratch:
        answers_file = _write(Path(scratch), answers)
        for number in range(rounds):
            for checker in CHECKERS if number % 2 == 0 else reversed(CHECKERS):
                output = Path(scratch) / f"{checker}_{number}.json"
                process = _start(checker, "time", environment, answers_file, output, 0)
                _, errors = process.communicate()
                if process.returncode != 0:
                    raise RuntimeError(f"timing the {checker} checker failed:\n{errors[-2000:]}")
                seconds[checker].append(json.loads(output.read_text()))
    return seconds


def _write(folder: Path, answers: Sequence[Answer]) -> Path:
    file = folder / "answers.jsonl"
    file.write_text("".join(json.dumps({"n": n, **asdict(answer)}) + "\n" for n, answer in enumerate(answers)))
    return file


def _start(checker: str, mode: str, environment: Path, answers: Path, output: Path, start: int) -> subprocess.Popen:
    python = python_of(environment) if checker == "official" else Path(sys.executable)
    # Nothing of ours is handed to a process that might run an answer's code.
    variables = {"PATH": os.defpath, "HOME": str(answers.parent), "BFCL_PROJECT_ROOT": str(answers.parent)}
    if checker == "ours":
        variables |= {"BFCL_PACKAGE": str(package_of(environment)), "PYTHONPATH": str(REPOSITORY)}
    command = [str(python), "-W", "ignore", str(WORKER), checker, mode, str(answers), str(output), str(start)]
    return subprocess.Popen(
        command, env=variables, cwd=answers.parent, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def _wait(process: subprocess.Popen, output: Path) -> str:
    """Until the process ends, or writes nothing for too long and is ended: how it went, in a few words."""
    size, last_growth = -1, time.monotonic()
    while True:
        try:
            _, errors = process.communicate(timeout=1)
            return f"error {process.returncode}: {errors[-2000:]}" if process.returncode else "done"
        except subprocess.TimeoutExpired:
            pass
        if output.stat().st_size != size:
            size, last_growth = output.stat().st_size, time.monotonic()
        elif time.monotonic() - last_growth > HANG_SECONDS:
            process.kill()
            process.communicate()
            return f"hung for {HANG_SECONDS} s"


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines()
