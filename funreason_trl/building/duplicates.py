"""Which rows were there before, word for word or nearly so; in memory that does not grow with their number.

In: canonical rows, one at a time. Out: [`SeenRows.duplicate_of`]: the id of an earlier row, if this one repeats it.
What was seen is kept in a temporary SQLite file.
"""

import hashlib
import json
import re
import sqlite3
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rensa import RMinHash

from funreason_trl.data.rows import message_calls


# Two queries with the same calls are near duplicates if their sets of three-word runs overlap by this much.
NEAR = 0.7
_SHINGLE_WORDS = 3
_PERMUTATIONS = 64
_ROWS_PER_BAND = 4  # 16 bands: of two queries that overlap by 0.7, 99% share at least one
_WORD = re.compile(r"\w+")


class Duplicate(NamedTuple):
    """An earlier row (`id`), and whether this one is an `"exact"` or a `"near"` copy (`kind`)."""

    id: str
    kind: str


class SeenRows:
    """
    Rows seen so far; close it, or use it in a `with`, to remove its file.

    A row is an exact copy of an earlier one if its conversation up to the answer is the same but for case and white
    space, and the same tools are listed. It is a near copy if it has the same calls and its query nearly the same
    words: the overlap (Jaccard) of the runs of three words, estimated with MinHash, is at least [`NEAR`]. Rows that
    differ in a value differ in their calls, so both are kept.
    """

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="funreason-seen-")
        # Rows are read by the runner in a thread of its own.
        path = Path(self._folder.name) / "seen.sqlite"
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;"
            "CREATE TABLE exact (key BLOB PRIMARY KEY, id TEXT) WITHOUT ROWID;"
            "CREATE TABLE near (id TEXT, signature BLOB);"
            "CREATE TABLE bands (key BLOB, near INTEGER, PRIMARY KEY (key, near)) WITHOUT ROWID;"
        )

    def __enter__(self) -> "SeenRows":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forgets all rows."""
        self._database.close()
        self._folder.cleanup()

    def duplicate_of(self, row: dict[str, Any]) -> Duplicate | None:
        """
        The earlier row that `row` repeats; if there is none, `row` counts as seen from now on.

        Args:
            row (`dict`): Canonical row; its last message is the answer.
        """
        key = _exact_key(row)
        found = self._database.execute("SELECT id FROM exact WHERE key = ?", (key,)).fetchone()
        if found:
            return Duplicate(found[0], "exact")
        signature = _signature(row)
        keys = _band_keys(row, signature)
        if near := self._near(keys, signature):
            return Duplicate(near, "near")
        self._database.execute("INSERT INTO exact VALUES (?, ?)", (key, row["id"]))
        number = self._database.execute("INSERT INTO near VALUES (?, ?)", (row["id"], signature.tobytes())).lastrowid
        self._database.executemany("INSERT OR IGNORE INTO bands VALUES (?, ?)", [(band, number) for band in keys])
        return None

    def _near(self, keys: list[bytes], signature: np.ndarray) -> str | None:
        marks = ",".join("?" * len(keys))
        candidates = self._database.execute(
            f"SELECT DISTINCT near.rowid, near.id, near.signature FROM bands JOIN near ON near.rowid = bands.near "
            f"WHERE bands.key IN ({marks}) ORDER BY near.rowid LIMIT 50",
            keys,
        )
        for _, row_id, stored in candidates:
            if np.mean(np.frombuffer(stored, dtype=signature.dtype) == signature) >= NEAR:
                return row_id
        return None


def _exact_key(row: dict[str, Any]) -> bytes:
    conversation = [(message["role"], " ".join(message["content"].split()).casefold()) for message in _asked(row)]
    tools = sorted(json.dumps(tool, sort_keys=True) for tool in row["tools"])
    return _digest([conversation, tools])


def _signature(row: dict[str, Any]) -> np.ndarray:
    words = _WORD.findall(" ".join(message["content"] for message in _asked(row)).casefold())
    runs = {" ".join(words[i : i + _SHINGLE_WORDS]) for i in range(max(1, len(words) - _SHINGLE_WORDS + 1))}
    minhash = RMinHash(num_perm=_PERMUTATIONS, seed=0)
    minhash.update(sorted(runs))
    return np.array(minhash.digest(), dtype=np.uint32)


def _band_keys(row: dict[str, Any], signature: np.ndarray) -> list[bytes]:
    """Rows with other calls get other keys, so that they never meet."""
    calls = _digest([(call.name, call.arguments) for call in message_calls(row["messages"][-1])])
    bands = signature.reshape(-1, _ROWS_PER_BAND)
    return [
        hashlib.blake2b(calls + bytes([number]) + band.tobytes(), digest_size=8).digest()
        for number, band in enumerate(bands)
    ]


def _asked(row: dict[str, Any]) -> list[dict[str, Any]]:
    return row["messages"][:-1]


def _digest(value: Any) -> bytes:
    text = json.dumps(value, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
