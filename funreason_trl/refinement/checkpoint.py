"""What a checkpoint keeps of the rounds, so that it is enough to go on from, also without the rest of `output_dir`.

In: `<output_dir>/refinement/` and the pool. Out: `checkpoint-N/refinement/`, written whole or not at all, in the same form:
`refinement.jsonl`, `journal.sqlite` and the folder of the last round, with the pool.
"""

import json
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from funreason_trl.files import write_whole

from .pool import Pool, RefinedRow


FOLDER = "refinement"
JOURNAL = "journal.sqlite"
LINES = "refinement.jsonl"
POOL = "pool.parquet"
BEST_POOL = "best_pool.parquet"


def round_folder(folder: Path, number: int) -> Path:
    """Where a round is written, in `refinement/` of the output folder or of a checkpoint."""
    return folder / f"round-{number:03d}"


def save_pools(folder: Path, pool: Pool, best: Mapping[int, RefinedRow] | None) -> None:
    """Write the pool as it is into the folder of a round, and the refined rows that the gate goes back to, if there are."""
    folder.mkdir(parents=True, exist_ok=True)
    pool.save(folder / POOL)
    if best is not None:
        pool.save(folder / BEST_POOL, best)


def save_rounds(
    folder: Path, checkpoint: Path, number: int, pool: Pool, best: Mapping[int, RefinedRow] | None
) -> None:
    """
    Put the last round, the lines of all of them and the journal into a checkpoint.

    Args:
        folder (`Path`): `<output_dir>/refinement/`. Where it is missing, as on a node that only saves its own
            checkpoint, the pool is all that is written.
        checkpoint (`Path`): Folder of the checkpoint.
        number (`int`): Of the last round; with 0 there is nothing to save.
        pool ([`Pool`]): As it is.
        best (`Mapping[int, RefinedRow]` or `None`): Refined rows that the gate goes back to.
    """
    target = checkpoint / FOLDER
    # A run that was resumed from an earlier checkpoint writes later ones anew.
    shutil.rmtree(target, ignore_errors=True)
    if not number:
        return
    unfinished = checkpoint / f"{FOLDER}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    last = round_folder(unfinished, number)
    if round_folder(folder, number).is_dir():
        shutil.copytree(round_folder(folder, number), last)
        shutil.copy(folder / LINES, unfinished / LINES)
        copy_journal(folder / JOURNAL, unfinished / JOURNAL)
    save_pools(last, pool, best)
    unfinished.rename(target)


def bring_back_rounds(checkpoint: Path, folder: Path, number: int) -> list[int]:
    """
    Make `<output_dir>/refinement/` one that the rounds of a checkpoint can be continued in.

    A journal that is there stays: it holds what the checkpoint's does, and the answers of a round that was cut short.

    Args:
        checkpoint (`Path`): Folder of the checkpoint.
        folder (`Path`): `<output_dir>/refinement/`.
        number (`int`): Of the checkpoint's last round.

    Returns:
        `list[int]`: Rounds after the checkpoint, whose lines were taken out of `refinement.jsonl`.
    """
    source = checkpoint / FOLDER
    # It is missing where the process was killed before `on_save`; the output folder is then the same run's.
    if number and round_folder(source, number).is_dir():
        shutil.rmtree(round_folder(folder, number), ignore_errors=True)
        shutil.copytree(round_folder(source, number), round_folder(folder, number))
    if (source / JOURNAL).exists() and not (folder / JOURNAL).exists():
        copy_journal(source / JOURNAL, folder / JOURNAL)
    dropped = _rewrite(folder / LINES, number, [])
    if (source / LINES).exists():
        shutil.copy(source / LINES, folder / LINES)
    return dropped


def write_line(path: Path, line: dict[str, Any]) -> list[int]:
    """
    Write the line of a round, on disk when this returns, in the place of that round's and of later ones.

    Returns:
        `list[int]`: Rounds whose lines gave way: the run was started anew in the folder of an earlier one.
    """
    return _rewrite(path, line["round"] - 1, [line])


def copy_journal(source: Path, target: Path) -> None:
    """A copy of a journal as it is at one moment, while others may write to it; a file by the name of `target` goes."""
    unfinished = target.with_name(f"{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source)) as journal, closing(sqlite3.connect(unfinished)) as copy:
        journal.backup(copy)
    unfinished.replace(target)


def _rewrite(path: Path, last: int, new: list[dict[str, Any]]) -> list[int]:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    dropped = [line["round"] for line in lines if line["round"] > last]
    if not dropped and not new:
        return []
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = [line for line in lines if line["round"] <= last]
    write_whole(path, "".join(json.dumps(line) + "\n" for line in [*kept, *new]))
    return dropped
