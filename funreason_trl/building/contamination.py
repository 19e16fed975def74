"""Whether a row asks what a benchmark asks, so that a score would measure memory.

In: BFCL, HumanEval and MBPP, read with [`read_contamination`], or texts of your own. Out: [`Contamination.found_in`] for
each row: which benchmark it repeats, and by which words.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from funreason_trl.evaluation.bfcl.data import load_bfcl
from funreason_trl.evaluation.skills.problems import load_humaneval, load_mbpp


# Twelve words in a row that agree are no accident; shorter questions count as a whole.
RUN = 12
FEWEST_WORDS = 4
RULE = f"a user message shares {RUN} words in a row with a question, or is one of {FEWEST_WORDS} to {RUN - 1} words"
_WORD = re.compile(r"\w+")


class ContaminationError(ValueError):
    """The questions of a benchmark can't be read: says why, and how to go on without them."""


class Overlap(NamedTuple):
    """The `benchmark` (`str`) that a row repeats, and the `words` (`str`) that both have, without case and punctuation."""

    benchmark: str
    words: str


class Contamination:
    """
    Runs of words from benchmarks.

    A row is contaminated if one of its user messages shares a run of [`RUN`] words with a question (case and
    punctuation aside), or is a shorter question word for word; questions of fewer than [`FEWEST_WORDS`] words are
    left out, since everybody asks them.

    Args:
        questions (`Mapping[str, Iterable[str]]`): Texts by the name of the benchmark.

    Attributes:
        benchmarks (`tuple[str, ...]`): Their names.
    """

    def __init__(self, questions: Mapping[str, Iterable[str]]):
        self.benchmarks = tuple(questions)
        self._runs: dict[int, str] = {}
        self._whole: dict[int, str] = {}
        for name, texts in questions.items():
            for text in texts:
                words = _WORD.findall(text.casefold())
                if len(words) >= RUN:
                    self._runs.update(dict.fromkeys(map(_hash, _runs(words)), name))
                elif len(words) >= FEWEST_WORDS:
                    self._whole[_hash(words)] = name

    def found_in(self, row: dict[str, Any]) -> Overlap | None:
        """The first [`Overlap`] of `row` (`dict`, canonical) with a benchmark; `None` if there is none."""
        for message in row["messages"]:
            if message["role"] != "user":
                continue
            words = _WORD.findall(message["content"].casefold())
            known, candidates = (self._whole, [words]) if len(words) < RUN else (self._runs, _runs(words))
            for run in candidates:
                if name := known.get(_hash(run)):
                    return Overlap(name, " ".join(run))
        return None


def read_contamination(sources: Mapping[str, str | None]) -> Contamination | None:
    """
    Read what is asked by the benchmarks of this package.

    Of MBPP only the split that is scored counts (tasks 11 to 510).

    Args:
        sources (`Mapping[str, str | None]`): Where to read them, by name: `"bfcl"`, `"humaneval"`, `"mbpp"`; `None` for
            BFCL's usual place.

    Returns:
        [`Contamination`] or `None`: `None` if there is nothing to check against.

    Raises:
        ContaminationError: Names the benchmark and says how to leave it out.
    """
    questions = {}
    for benchmark, source in sources.items():
        try:
            questions[NAMES[benchmark]] = _READERS[benchmark](source)
        # The readers' own errors are ValueErrors; those of files, the network and the Hub are OSErrors.
        except (OSError, ValueError) as error:
            left = [name for name in sources if name != benchmark] or ["none"]
            raise ContaminationError(
                f"what {NAMES[benchmark]} asks can't be read, so that rows can't be checked against it: {error}\n"
                f"Give a copy of it as --{benchmark}_data, or leave it out with --contamination {' '.join(left)}."
            ) from error
    return Contamination(questions) if questions else None


NAMES = {"bfcl": "BFCL", "humaneval": "HumanEval", "mbpp": "MBPP"}
_READERS: dict[str, Callable[[Any], list[str]]] = {
    "bfcl": lambda source: [
        message["content"] for row in load_bfcl(source) for message in row.messages if message["role"] == "user"
    ],
    "humaneval": lambda source: [problem.head for problem in load_humaneval(source)],
    "mbpp": lambda source: [problem.task for problem in load_mbpp(source)],
}


def _runs(words: list[str]) -> Iterable[list[str]]:
    return (words[start : start + RUN] for start in range(len(words) - RUN + 1))


def _hash(words: list[str]) -> int:
    """The same in every process, unlike Python's own."""
    return int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest(), "big")
