"""The parts that several machines built, as the one dataset that a single machine would have built.

In: complete parts of [`~funreason_trl.building.build.build_dataset`], in any order. Out: [`merge_parts`] writes the same
files with the same bytes as a build of all rows in one go; the number of parts leaves no trace. Memory grows with the
number of parts (a group of rows of each), not with that of rows.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet

from funreason_trl.building.build import BUILT_FEATURES, SPLIT_OF, SPLITS, Built, write_summaries
from funreason_trl.building.lengths import Lengths
from funreason_trl.building.parts import FACTS, FATES, LEFT_OUT, part_folder
from funreason_trl.building.shards import ShardWriter
from funreason_trl.fcdr.tally import Tally
from funreason_trl.fcdr.verdicts import Outcome, Stage, Verdict


_BATCH = 64  # rows of a part in memory, beside the pages that they were read from


class PartError(ValueError):
    """The parts don't make a dataset: says which one, why, and what to do."""


def find_parts(folders: Sequence[Path]) -> list[Path]:
    """
    The parts in some folders.

    Args:
        folders (`Sequence[Path]`): Each a part, or a folder with parts named `part-00002-of-00004`.

    Returns:
        `list[Path]`: Folders of parts; whether they are complete is for [`merge_parts`] to find out.

    Raises:
        PartError: A folder is neither.
    """
    found = []
    for folder in folders:
        inside = sorted(folder.glob("part-?????-of-?????"))
        if not inside and not (folder / FATES).exists():
            raise PartError(
                f"{folder} is no part and holds none: name folders that `funreason build --shard` or BuildParts wrote to"
            )
        found += inside or [folder]
    return found


def merge_parts(parts: Sequence[Path], output: Path) -> Built:
    """
    Put parts together.

    Every part was built with all rows of the source in view, so copies across parts are gone already, and each row has
    the verdicts that it would have had. What merging adds is the order of the source. The dataset equals that of a build
    in one go byte for byte, if the models answered the same: rules do, and so does an endpoint at temperature 0 as far
    as it gives equal answers to equal questions. Rows that came to no verdict are listed in `errors.jsonl`; to have them
    tried again, build their part again and merge again.

    Args:
        parts (`Sequence[Path]`): Folders of all the parts.
        output (`Path`): Folder for the dataset.

    Returns:
        [`~funreason_trl.building.build.Built`]: Of all parts together.

    Raises:
        PartError: A part is missing, not complete, damaged, there twice, or built from other rows or with other
            options.
        OSError: The output can't be written.
    """
    opened = _in_order([_Part(folder) for folder in parts])
    options = opened[0].facts["options"]
    tally, left_out, lengths = Tally(), Counter[str](), Lengths(options["length_unit"])
    output.mkdir(parents=True, exist_ok=True)
    writers = {split: ShardWriter(output, split, BUILT_FEATURES) for split in SPLITS}
    for part, fate in _fates(opened):
        status, *more = fate
        if status in SPLIT_OF:
            writers[SPLIT_OF[status]].add(part.take(SPLIT_OF[status]))
        if status == "kept":
            lengths.add(*more)
        elif status == "error":
            tally.errors.append((more[0], _verdict(more[1])))
    # As in a build, those that were not inspected come last.
    for part, (status, *_) in _fates(opened):
        if status == LEFT_OUT:
            writers["rejected"].add(part.take("rejected"))
    for part in opened:
        part.expect_nothing_left()
        _add_stats(part.stats(), tally, left_out)
    for writer in writers.values():
        writer.finish()
    rows = {split: writer.rows for split, writer in writers.items()}
    built = Built(rows, tally, left_out, lengths.summary(), options["unreadable"])
    write_summaries(output, built, options["made"])
    return built


class _Part:
    """A complete part, whose splits are read side by side."""

    def __init__(self, folder: Path):
        self.folder = folder
        try:
            self.facts: dict[str, Any] = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise PartError(
                f"{folder} is not complete: start its build again, which goes on from where it was"
            ) from None
        self._rows = {split: _read(folder, split) for split in SPLITS}

    def take(self, split: str) -> dict[str, Any]:
        """The next row of a split, as it is stored."""
        row = next(self._rows[split], None)
        if row is None:
            raise self._damaged(f"has fewer rows in {split}")
        return row

    def expect_nothing_left(self) -> None:
        for split, rows in self._rows.items():
            if next(rows, None) is not None:
                raise self._damaged(f"has more rows in {split}")

    def fates(self) -> Iterator[list[Any]]:
        with (self.folder / FATES).open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
        # Reached only if more rows are asked for than there are.
        raise self._damaged(f"has fewer rows in {FATES}")

    def stats(self) -> dict[str, Any]:
        return json.loads((self.folder / "stats.json").read_text(encoding="utf-8"))

    def _damaged(self, problem: str) -> PartError:
        return PartError(f"{self.folder} {problem} than its {FACTS} says: build that part again")


def _in_order(parts: list[_Part]) -> list[_Part]:
    """The parts by their number, once it is sure that they belong together and none is missing."""
    if not parts:
        raise PartError("there are no parts to merge: give their folders")
    first = parts[0]
    count = first.facts["parts"]
    by_number: dict[int, _Part] = {}
    for part in parts:
        number = part.facts["part"]
        if part.facts["parts"] != count:
            raise PartError(
                f"{part.folder} is one of {part.facts['parts']} parts, {first.folder} one of {count}: leave out those "
                "of another run"
            )
        if number in by_number:
            raise PartError(f"{part.folder} and {by_number[number].folder} are both part {number}: leave one out")
        by_number[number] = part
        _expect_equal(first, part)
    missing = [number for number in range(1, count + 1) if number not in by_number]
    if missing:
        name = part_folder(Path(), missing[0] - 1, count).name
        raise PartError(f"{name} is missing: build it (`--shard {missing[0]}/{count}`), or name its folder too")
    return [by_number[number] for number in range(1, count + 1)]


def _expect_equal(first: _Part, other: _Part) -> None:
    if first.facts["source"] != other.facts["source"]:
        rows = [part.facts["source"]["rows"] for part in (first, other)]
        raise PartError(
            f"{other.folder} was built from other rows ({rows[1]}) than {first.folder} ({rows[0]}): give all parts the "
            "same source, and build that one again"
        )
    mine, theirs = _flat(first.facts["options"]), _flat(other.facts["options"])
    for name in mine | theirs:
        if mine.get(name) != theirs.get(name):
            raise PartError(
                f"{other.folder} was built with {name} {theirs.get(name)!r}, {first.folder} with {mine.get(name)!r}: "
                "build one of them again"
            )


def _flat(options: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in options.items():
        flat.update(
            {f"{name}, {key}": inner for key, inner in value.items()} if isinstance(value, dict) else {name: value}
        )
    return flat


def _fates(parts: list[_Part]) -> Iterator[tuple[_Part, list[Any]]]:
    """What became of each row of the source, in its order, and whose it is."""
    fates = [part.fates() for part in parts]
    for number in range(parts[0].facts["source"]["rows"]):
        yield parts[number % len(parts)], next(fates[number % len(parts)])


def _read(folder: Path, split: str) -> Iterator[dict[str, Any]]:
    for path in sorted((folder / "data").glob(f"{split}-?????-of-?????.parquet")):
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH):
                yield from batch.to_pylist()


def _verdict(fields: dict[str, Any]) -> Verdict:
    return Verdict(**{**fields, "stage": Stage(fields["stage"]), "outcome": Outcome(fields["outcome"])})


def _add_stats(stats: dict[str, Any], tally: Tally, left_out: Counter[str]) -> None:
    """Adds what a part's `stats.json` counts."""
    left_out.update(stats["left_out"])
    tally.rows.update(stats["inspected"])
    tally.saved += stats["kept_without_call"]
    tally.regenerated += stats["regenerated"]
    for name, found in stats["stages"].items():
        stage = Stage(name)
        tally.verdicts.update({(stage, Outcome(outcome)): count for outcome, count in found["verdicts"].items()})
        tally.reasons.update({(stage, reason): count for reason, count in found["reasons"].items()})
