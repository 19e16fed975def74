"""A split of a dataset as parquet shards, whole or not at all, and the same bytes for the same rows.

In: records, one at a time. Out: `data/<split>-00000-of-00003.parquet`, as the Hub and `load_dataset` read them.
"""

import shutil
from pathlib import Path
from typing import Any

from datasets import Features
from datasets.arrow_writer import ParquetWriter
from datasets.features.features import encode_nested_example


ROWS_PER_SHARD = 20_000
# Rows that wait in memory; reasoning of 20,000 characters makes that some ten megabytes.
ROWS_PER_GROUP = 500


class ShardWriter:
    """
    Writes one split into a folder of its own, from which [`finish`] moves it to its place.

    Args:
        folder (`Path`): Dataset folder.
        split (`str`): Name of the split.
        features (`Features`): Columns; they are kept in the file, so that `load_dataset` knows them.
    """

    def __init__(self, folder: Path, split: str, features: Features):
        self.folder, self.split, self.features = folder, split, features
        self.rows = 0
        self._scratch = folder / f".{split}.unfinished"
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        self._shards: list[Path] = []
        self._writer: ParquetWriter | None = None

    def add(self, record: dict[str, Any]) -> None:
        """One row of Python values, with the columns of the features."""
        if self._writer is None:
            self._writer = self._next_writer()
        # `encode_example` would first search all values for tensors and arrays, which takes longer than all the rest.
        encoded = encode_nested_example(self.features, record)
        self._writer.write({name: _in_utf8(value) for name, value in encoded.items()})
        self.rows += 1
        if self.rows % ROWS_PER_SHARD == 0:
            self._close_shard()

    def finish(self) -> list[Path]:
        """
        Put the shards in place of those that an earlier run left there.

        Returns:
            `list[Path]`: The files; one with no rows if there are none, so that the split exists.
        """
        if not self._shards:
            self._writer = self._next_writer()
        self._close_shard()
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        for old in data.glob(f"{self.split}-?????-of-?????.parquet"):
            old.unlink()
        placed = []
        for number, shard in enumerate(self._shards):
            placed.append(shard.rename(data / f"{self.split}-{number:05d}-of-{len(self._shards):05d}.parquet"))
        self._scratch.rmdir()
        return placed

    def _next_writer(self) -> ParquetWriter:
        self._shards.append(self._scratch / f"{len(self._shards)}.parquet")
        return ParquetWriter(path=str(self._shards[-1]), features=self.features, writer_batch_size=ROWS_PER_GROUP)

    def _close_shard(self) -> None:
        if self._writer is not None:
            self._writer.finalize()
            self._writer = None


def _in_utf8(value: Any) -> Any:
    """
    Half surrogate pairs, which a model's answer can hold, as `\\ud83d`: Parquet stores none. In JSON, which is what all
    but ids and sources are, that is the same text.
    """
    if isinstance(value, list):
        return [_in_utf8(item) for item in value]
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value
