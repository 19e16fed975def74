"""Whether a row asks what a benchmark asks, so that a score would measure memory.

In: texts of benchmarks' questions, by benchmark. Out: [`Contamination.found_in`] for each row.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any


# Twelve words in a row that agree are no accident; shorter questions count as a whole.
RUN = 12
FEWEST_WORDS = 4
_WORD = re.compile(r"\w+")


class Contamination:
    """
    Runs of words from benchmarks.

    A row is contaminated if one of its user messages shares a run of [`RUN`] words with a question (case and
    punctuation aside), or is a shorter question word for word; questions of fewer than [`FEWEST_WORDS`] words are
    left out, since everybody asks them.

    Args:
        questions (`Mapping[str, Iterable[str]]`): Texts by the name of the benchmark.
    """

    def __init__(self, questions: Mapping[str, Iterable[str]]):
        self._runs: dict[int, str] = {}
        self._whole: dict[int, str] = {}
        for name, texts in questions.items():
            for text in texts:
                words = _WORD.findall(text.casefold())
                if len(words) >= RUN:
                    self._runs.update(dict.fromkeys(_runs(words), name))
                elif len(words) >= FEWEST_WORDS:
                    self._whole[_hash(words)] = name

    def found_in(self, row: dict[str, Any]) -> str | None:
        """The benchmark that `row` (`dict`, canonical) repeats; `None` if it repeats none."""
        for message in row["messages"]:
            if message["role"] != "user":
                continue
            words = _WORD.findall(message["content"].casefold())
            if len(words) < RUN:
                name = self._whole.get(_hash(words))
            else:
                name = next((self._runs[run] for run in _runs(words) if run in self._runs), None)
            if name is not None:
                return name
        return None


def _runs(words: list[str]) -> Iterable[int]:
    return (_hash(words[start : start + RUN]) for start in range(len(words) - RUN + 1))


def _hash(words: list[str]) -> int:
    """The same in every process, unlike Python's own."""
    return int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest(), "big")
