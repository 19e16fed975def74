"""Which rows were there before, word for word or nearly so; in memory that does not grow with their number.

In: canonical rows, one at a time. Out: [`SeenRows.duplicate_of`]: the id of an earlier row, if this one repeats it.

Ids, exact keys and MinHash signatures of what was seen are in a temporary SQLite file. Which rows may be near copies is
looked up in a table of fixed size in memory: an index of it on disk would take most of the time of a build.
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
_BANDS = _PERMUTATIONS // _ROWS_PER_BAND
# 40 MB. Each row overwrites 16 places of it; of 600,000 rows, the first still has a third of its own at the end, and
# every near copy that overlaps by 0.9 shares ten bands with it.
_SLOT_BITS = 23
_WORD = re.compile(r"\w+")
# Any odd numbers will do: they spread the keys of bands over the table.
_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93], dtype=np.uint64)


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

    Exact copies are always found. Near copies of a row are forgotten bit by bit when half a million others came since.
    """

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="funreason-seen-")
        # Rows are read by the runner in a thread of its own.
        path = Path(self._folder.name) / "seen.sqlite"
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
            "PRAGMA cache_size = -8192; BEGIN;"
            "CREATE TABLE seen (number INTEGER PRIMARY KEY, id TEXT, signature BLOB);"
            "CREATE TABLE exact (key INTEGER PRIMARY KEY, number INTEGER);"
        )
        # For each slot the number of the row that came last, 0 for none, and a byte of its key.
        self._latest = np.zeros(2**_SLOT_BITS, dtype=np.uint32)
        self._tags = np.zeros(2**_SLOT_BITS, dtype=np.uint8)

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

        Raises:
            OSError: The temporary file can't be written or read.
        """
        try:
            return self._find_or_remember(row)
        except sqlite3.OperationalError as error:
            raise OSError(
                f"what rows were seen can't be kept in {self._folder.name} ({error}): is there room on the disk? The "
                "variable TMPDIR chooses another place"
            ) from error

    def _find_or_remember(self, row: dict[str, Any]) -> Duplicate | None:
        key = _exact_key(row)
        found = self._database.execute(
            "SELECT seen.id FROM exact JOIN seen ON seen.number = exact.number WHERE key = ?", (key,)
        ).fetchone()
        if found:
            return Duplicate(found[0], "exact")
        signature = _signature(row)
        slots, tags = _places(row, signature)
        # A byte of each of the 64 numbers tells them apart well enough.
        signature = signature.astype(np.uint8)
        if near := self._near(slots, tags, signature):
            return Duplicate(near, "near")
        self._remember(row["id"], key, signature, slots, tags)
        return None

    def _near(self, slots: np.ndarray, tags: np.ndarray, signature: np.ndarray) -> str | None:
        candidates = self._latest[slots[self._tags[slots] == tags]]
        for number in sorted(set(candidates.tolist()) - {0}):
            row_id, stored = self._database.execute(
                "SELECT id, signature FROM seen WHERE number = ?", (number,)
            ).fetchone()
            if np.mean(np.frombuffer(stored, dtype=np.uint8) == signature) >= NEAR:
                return row_id
        return None

    def _remember(self, row_id: str, key: int, signature: np.ndarray, slots: np.ndarray, tags: np.ndarray) -> None:
        number = self._database.execute(
            "INSERT INTO seen (id, signature) VALUES (?, ?)", (row_id, signature.tobytes())
        ).lastrowid
        self._database.execute("INSERT INTO exact VALUES (?, ?)", (key, number))
        self._latest[slots] = number
        self._tags[slots] = tags


def _exact_key(row: dict[str, Any]) -> int:
    conversation = [(message["role"], " ".join(message["content"].split()).casefold()) for message in _asked(row)]
    tools = sorted(json.dumps(tool, sort_keys=True) for tool in row["tools"])
    return int.from_bytes(_digest([conversation, tools]), "big", signed=True)


def _signature(row: dict[str, Any]) -> np.ndarray:
    """64 numbers of 32 bits, of which two texts share as many as their runs of words overlap."""
    words = _WORD.findall(" ".join(message["content"] for message in _asked(row)).casefold())
    runs = {" ".join(words[i : i + _SHINGLE_WORDS]) for i in range(max(1, len(words) - _SHINGLE_WORDS + 1))}
    minhash = RMinHash(num_perm=_PERMUTATIONS, seed=0)
    minhash.update(sorted(runs))
    return np.array(minhash.digest(), dtype=np.uint32)


def _places(row: dict[str, Any], signature: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A slot and a byte for each band. Rows with other calls get other ones, so that they never meet."""
    calls = _digest([(call.name, call.arguments) for call in message_calls(row["messages"][-1])])
    bands = signature.view(np.uint64).reshape(_BANDS, 2)
    keys = bands[:, 0] * _MIX[0] ^ (bands[:, 1] + np.arange(_BANDS, dtype=np.uint64)) * _MIX[1]
    keys ^= np.frombuffer(calls, dtype=np.uint64)
    # The upper bits of a product depend on all bits, so the slots are taken from there, twice.
    keys = (keys ^ keys >> np.uint64(32)) * _MIX[2]
    keys = (keys ^ keys >> np.uint64(32)) * _MIX[0]
    return (keys >> np.uint64(64 - _SLOT_BITS)).astype(np.int64), keys.astype(np.uint8)


def _asked(row: dict[str, Any]) -> list[dict[str, Any]]:
    return row["messages"][:-1]


def _digest(value: Any) -> bytes:
    """Eight bytes: among a million rows, two different ones have the same by an accident of one in 30 million."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
