"""What an epoch is drawn from: the prepared training rows, some of which give their place to refined ones.

In: the trainer's prepared dataset, and refined rows prepared in the same way. Out: [`Pool`], a map-style dataset of fixed
length, which changes in place: the trainer builds its data loader once, and reads the pool anew in every epoch.
"""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset
from torch.utils.data import Dataset as TorchDataset

from funreason_trl.srml.preparation import TOKEN_COLUMNS


_SCHEMA = pa.schema(
    [
        ("slot", pa.int64()),
        ("id", pa.string()),
        ("round", pa.int64()),
        *((column, pa.list_(pa.int32())) for column in TOKEN_COLUMNS),
    ]
)


class PoolError(ValueError):
    """A saved pool is not one of this training set."""


@dataclass(frozen=True)
class RefinedRow:
    """
    An accepted answer, prepared for training.

    Attributes:
        id (`str`): Of the row whose query was answered.
        round (`int`): In which round.
        tokens (`dict[str, np.ndarray]`): `input_ids`, `labels` and `segments`, of the same length.
    """

    id: str
    round: int
    tokens: dict[str, np.ndarray]

    @classmethod
    def of(cls, id: str, round: int, example: Mapping[str, Any]) -> "RefinedRow":
        """From a row of a prepared dataset; arrays, since lists of Python's numbers take eight times the memory."""
        return cls(id, round, {column: np.asarray(example[column], dtype=np.int32) for column in TOKEN_COLUMNS})


class Pool(TorchDataset):
    """
    As many rows as the training set, each the original one or a refined one.

    Args:
        original (`datasets.Dataset`): With `input_ids`, `labels` and `segments`.
    """

    def __init__(self, original: Dataset):
        self._original = original.select_columns(TOKEN_COLUMNS)
        self._refined: dict[int, RefinedRow] = {}

    def __len__(self) -> int:
        return len(self._original)

    def __getitem__(self, slot: int) -> dict[str, Any]:
        refined = self._refined.get(slot)
        if refined is None:
            return self._original[slot]
        return {column: tokens.tolist() for column, tokens in refined.tokens.items()}

    @property
    def rounds(self) -> dict[int, int]:
        """Number of rows by the round that they come from; 0 for the original ones."""
        counts = {0: len(self) - len(self._refined)}
        for row in self._refined.values():
            counts[row.round] = counts.get(row.round, 0) + 1
        return dict(sorted(counts.items()))

    def slots_of(self, tokens: Mapping[str, Any]) -> list[int]:
        """The places of the training rows with the same prompt, token by token."""
        return self._slots_by_prompt.get(prompt_digest(tokens), [])

    @cached_property
    def _slots_by_prompt(self) -> dict[bytes, list[int]]:
        slots: dict[bytes, list[int]] = {}
        for slot, row in enumerate(self._original.with_format("numpy")):
            slots.setdefault(prompt_digest(row), []).append(slot)
        return slots

    def replace(self, rows: Sequence[RefinedRow], share: float, seed: int) -> int:
        """
        Put rows in the places of the training rows with the same prompt.

        Args:
            rows (`Sequence[RefinedRow]`): The rows, one for each prompt.
            share (`float`): At most this share of all places is given away; the others are the same in every round.
            seed (`int`): Of their choice.

        Returns:
            `int`: Places that were given.
        """
        open_slots = set(self._drawn_slots(share, seed))
        given = {slot: row for row in rows for slot in self.slots_of(row.tokens) if slot in open_slots}
        self._refined |= given
        return len(given)

    def mix(self, rows: Sequence[RefinedRow], share: float, seed: int) -> int:
        """
        Put rows in drawn places, the newest first and those of earlier rounds as far as there is room.

        Args:
            rows (`Sequence[RefinedRow]`): The rows, as far as there is room.
            share (`float`): At most this share of all places is given away; the others are the same in every round.
            seed (`int`): Of their choice.

        Returns:
            `int`: Rows of these that have a place now.
        """
        older = [row for _, row in sorted(self._refined.items(), key=lambda item: (-item[1].round, item[0]))]
        slots = self._drawn_slots(share, seed)
        self._refined = dict(zip(slots, [*rows, *older], strict=False))
        return min(len(rows), len(slots))

    def copy_refined(self) -> dict[int, RefinedRow]:
        """What is in the pool, to go back to with [`put_back`]."""
        return dict(self._refined)

    def put_back(self, refined: dict[int, RefinedRow]) -> None:
        self._refined = dict(refined)

    def save(self, path: Path, refined: Mapping[int, RefinedRow] | None = None) -> None:
        """Write the refined rows, or a copy of those of another time, with their places as parquet, whole or not at all."""
        rows = sorted((self._refined if refined is None else refined).items())
        columns: dict[str, list] = {
            "slot": [slot for slot, _ in rows],
            "id": [row.id for _, row in rows],
            "round": [row.round for _, row in rows],
            **{column: [row.tokens[column] for _, row in rows] for column in TOKEN_COLUMNS},
        }
        training_set = {"training_rows": str(len(self)), "training_set": self._training_set}
        table = pa.table(columns, schema=_SCHEMA).replace_schema_metadata(training_set)
        unfinished = path.with_name(path.name + ".unfinished")
        pq.write_table(table, unfinished)
        unfinished.replace(path)

    def restore(self, path: Path) -> None:
        """Take over what [`save`] wrote; errors as in [`read`]."""
        self._refined = self.read(path)

    def read(self, path: Path) -> dict[int, RefinedRow]:
        """
        What [`save`] wrote, to take over with [`put_back`].

        Raises:
            PoolError: It was written for another training set.
        """
        file = pq.ParquetFile(path)
        metadata = file.schema_arrow.metadata or {}
        if metadata.get(b"training_set") != self._training_set.encode():
            rows = metadata.get(b"training_rows", b"unknown").decode()
            raise PoolError(
                f"{path} belongs to another training set ({rows} rows; this one has {len(self)}): resume with the dataset, "
                "tokenizer, `max_length` and preparation that the run was started with"
            )
        # A part at a time: Python's numbers take eight times the memory of arrays.
        return {
            row["slot"]: RefinedRow.of(row["id"], row["round"], row)
            for batch in file.iter_batches(1000)
            for row in batch.to_pylist()
        }

    @property
    def digest(self) -> str:
        """The same 16 characters for the same refined rows in the same places."""
        digest = hashlib.sha256(self._training_set.encode())
        for slot, row in sorted(self._refined.items()):
            digest.update(f"{slot} {row.round} {row.id} {len(row.tokens['input_ids'])}".encode())
            for column in TOKEN_COLUMNS:
                digest.update(row.tokens[column].tobytes())
        return digest.hexdigest()[:16]

    @cached_property
    def _training_set(self) -> str:
        """Tells training sets apart: a hash of the number of rows, and of 64 of them."""
        rows = len(self._original)
        digest = hashlib.sha256(str(rows).encode())
        for row in self._original.select(range(0, rows, max(1, rows // 64))).with_format("numpy"):
            for column in TOKEN_COLUMNS:
                digest.update(np.asarray(row[column], dtype=np.int32).tobytes() + b";")
        return digest.hexdigest()[:16]

    def _drawn_slots(self, share: float, seed: int) -> list[int]:
        return random.Random(f"slots {seed}").sample(range(len(self)), int(share * len(self)))


def prompt_digest(tokens: Mapping[str, Any]) -> bytes:
    """Stands for the tokens before the last answer: those before the last run of trained ones."""
    segments = np.asarray(tokens["segments"])
    trained = np.flatnonzero(segments)
    end = trained[-1] if len(trained) else len(segments)
    before = np.flatnonzero(segments[:end] == 0)
    start = before[-1] + 1 if len(trained) and len(before) else 0 if len(trained) else end
    return hashlib.sha256(np.asarray(tokens["input_ids"], dtype=np.int32)[:start].tobytes()).digest()
