"""What a machine that builds one part of a dataset notes, so that all parts together become the dataset of one machine.

In: every row of the source, and what became of the part's own. Out: `fates.jsonl`, a line for each own row in the order
of the source, and `part.json`, which is there only while the part is complete: [`PartNotes`], [`part_folder`].
"""

import hashlib
import json
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import Any

from funreason_trl.fcdr.verdicts import Verdict
from funreason_trl.files import write_whole


FACTS, FATES = "part.json", "fates.jsonl"
LEFT_OUT = "left out"


def part_folder(folder: Path, index: int, count: int) -> Path:
    """Folder of a part, `part-00002-of-00004` for the second (`index` 1) of four."""
    return folder / f"part-{index + 1:05d}-of-{count:05d}"


class PartNotes:
    """
    Notes of one part.

    Copies are looked for among all rows of the source, whichever part they belong to, so every part reads all of them:
    [`read`] says which ones are its own. Rows are read some way ahead of their verdicts; the notes put both in the
    order of the source.

    Args:
        folder (`Path`): Folder of the part. From now on it is not complete.
        index (`int`): Number of the part, from 0.
        count (`int`): Number of parts. Row `n` of the source belongs to part `n % count`.
    """

    def __init__(self, folder: Path, index: int, count: int):
        self.folder, self.index, self.count = folder, index, count
        self._read = self._noted = 0
        self._rows = hashlib.blake2b(digest_size=16)
        self._left_out: deque[int] = deque()
        (folder / FACTS).unlink(missing_ok=True)
        self._fates = (folder / FATES).open("w", encoding="utf-8")

    def read(self, row: dict[str, Any]) -> bool:
        """Whether `row` (`dict`, canonical), the next one of the source, is the part's own."""
        content = json.dumps([row["id"], row["source"], row["messages"], row["tools"]], sort_keys=True)
        self._rows.update(content.encode())
        self._read += 1
        return (self._read - 1) % self.count == self.index

    def left_out(self) -> None:
        """The row that was read last, an own one, is not inspected."""
        self._left_out.append((self._read - 1) // self.count)

    def inspected(self, status: str) -> None:
        """The next of the own rows that were inspected is `"rejected"` or `"hard"`."""
        self._note(status)

    def kept(self, think: int, call: int) -> None:
        """The next of the own rows that were inspected is kept; its thinking and its calls are so long."""
        self._note("kept", think, call)

    def failed(self, row_id: str, verdict: Verdict) -> None:
        """The next of the own rows that were inspected came to no verdict."""
        self._note("error", row_id, asdict(verdict))

    def close(self) -> None:
        """There are no more rows; until it is finished, the part is not complete."""
        self._note_left_out()
        self._fates.close()

    def finish(self, options: dict[str, Any]) -> None:
        """
        After [`close`]: the part is complete, with all its files in place.

        Args:
            options (`dict`): How it was built, of JSON values; must be the same in all parts.
        """
        facts = {
            "part": self.index + 1,
            "parts": self.count,
            "rows": self._noted,
            "source": {"rows": self._read, "digest": self._rows.hexdigest()},
            "options": options,
        }
        write_whole(self.folder / FACTS, json.dumps(facts, indent=1) + "\n")

    def _note(self, *fate: Any) -> None:
        self._note_left_out()
        self._write(fate)

    def _note_left_out(self) -> None:
        """Of a row that is inspected, all earlier ones were read before."""
        while self._left_out and self._left_out[0] == self._noted:
            self._left_out.popleft()
            self._write([LEFT_OUT])

    def _write(self, fate: Any) -> None:
        self._fates.write(json.dumps(fate) + "\n")
        self._noted += 1
