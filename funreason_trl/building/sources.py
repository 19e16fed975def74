"""The rows that the options name, and how many they are.

In: [`~funreason_trl.building.options.BuildArguments`]. Out: [`source_rows`], one row at a time; [`source_size`].
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet
from datasets import load_dataset_builder

from funreason_trl.building.hard_pool import SPLIT, read_hard_rows
from funreason_trl.building.options import BuildArguments
from funreason_trl.data.sample import sample_rows
from funreason_trl.data.sources import ReadReport, open_binary, read_rows


SAMPLE = 2000  # rows of `sample` where no limit is given


def source_rows(arguments: BuildArguments, report: ReadReport) -> Iterator[dict[str, Any]]:
    """
    Read the rows, those of all shards.

    Args:
        arguments ([`BuildArguments`]): Names source, format, split and limit.
        report ([`~funreason_trl.data.sources.ReadReport`]): Filled in while rows are read.

    Returns:
        `Iterator[dict]`: Canonical rows; those of a hard pool with their provenance.
    """
    rows: Iterable[dict[str, Any]]
    if arguments.hard_pool:
        rows = read_hard_rows(arguments.source)
    elif arguments.source == "sample":
        rows = sample_rows(SAMPLE if arguments.limit is None else arguments.limit)
    else:
        rows = read_rows(
            arguments.source,
            format=arguments.format,
            split=arguments.split,
            on_error=arguments.on_error,
            report=report,
        )
    return islice(rows, arguments.limit)


def source_size(arguments: BuildArguments) -> int | None:
    """
    How many rows the source has, as far as that is known without reading them.

    Args:
        arguments ([`BuildArguments`]): Names source, split, limit and shard.

    Returns:
        `int` or `None`: Rows of this shard, those included that can't be read or are copies; `None` if it is not known
        (a JSON array, a folder of other files, a Hub dataset whose card does not say).
    """
    size = _size(arguments)
    if size is None:
        return None
    if arguments.limit is not None:
        size = min(size, arguments.limit)
    part = arguments.part()
    return size if part is None else len(range(part[0], size, part[1]))


def _size(arguments: BuildArguments) -> int | None:
    path = Path(arguments.source).expanduser()
    if arguments.source == "sample" and not arguments.hard_pool:
        return SAMPLE if arguments.limit is None else arguments.limit
    if path.is_dir():
        shards = sorted(path.glob(f"data/{SPLIT}-*.parquet")) if arguments.hard_pool else []
        return sum(map(_parquet_rows, shards)) if shards else None
    if path.is_file():
        return _parquet_rows(path) if path.suffix == ".parquet" else _lines(path)
    splits = load_dataset_builder(arguments.source).info.splits or {}
    split = SPLIT if arguments.hard_pool else arguments.split
    return splits[split].num_examples if split in splits else None


def _parquet_rows(path: Path) -> int:
    return pyarrow.parquet.read_metadata(path).num_rows


def _lines(path: Path) -> int | None:
    with open_binary(path) as stream:
        if stream.read(1024).lstrip().startswith(b"["):
            return None
        stream.seek(0)
        return sum(1 for line in stream if line.strip())
