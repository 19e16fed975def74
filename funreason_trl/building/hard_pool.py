"""The hard pool: rows whose answers failed in function, parameter or format, to be sampled again (BalanceSFT's HDR).

In: a dataset that `funreason build` wrote. Out: [`read_hard_rows`], its split `hard`, and [`hard_candidate`], which the
teacher answers anew before anything is judged: each of its answers then goes through stages 3 to 5, and the best one
that passes is kept. The provenance of the rounds before goes along.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datasets import load_dataset

from funreason_trl.building.build import BUILT_FEATURES
from funreason_trl.calls import Call
from funreason_trl.data.rows import RowError
from funreason_trl.fcdr.verdicts import Candidate, Outcome, Stage, Verdict


SPLIT = "hard"


def read_hard_rows(source: str | Path) -> Iterator[dict[str, Any]]:
    """
    Read the hard rows of a built dataset, one at a time.

    Args:
        source (`str` or `Path`): Folder that `funreason build` wrote, or its name on the Hub.

    Returns:
        `Iterator[dict]`: Rows as they are stored, with their `provenance`.

    Raises:
        FileNotFoundError: There is no such dataset.
        RowError: It is not one that was built here.
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        shards = sorted(map(str, folder.glob(f"data/{SPLIT}-*.parquet")))
        if not shards:
            raise FileNotFoundError(f"{folder} holds no dataset of `funreason build` (data/{SPLIT}-*.parquet)")
        rows = load_dataset("parquet", data_files=shards, split="train", streaming=True)
    else:
        rows = load_dataset(str(source), split=SPLIT, streaming=True)
    # The stored features are those of a library class, whose JSON changes the last digit of some numbers.
    return _checked(rows.cast(BUILT_FEATURES), str(source))


def _checked(rows: Any, source: str) -> Iterator[dict[str, Any]]:
    for number, stored in enumerate(rows, start=1):
        row = {
            **stored,
            **{key: [_object(item) for item in stored[key]] for key in ("messages", "tools")},
            "provenance": _object(stored["provenance"]),
        }
        try:
            hard_candidate(row)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            mend = "give a dataset that `funreason build` wrote"
            raise RowError("provenance", f"not that of a hard row ({error!r})", mend, f"{source}:{number}") from None
        yield row


def _object(value: Any) -> Any:
    # What holds a number of over 64 bits comes as the text that is stored.
    return json.loads(value) if isinstance(value, str) else value


def hard_candidate(row: dict[str, Any]) -> Candidate:
    """
    What is inspected of a hard row: its query and tools, with the reason why its last answer was turned down.

    Args:
        row (`dict`): Of [`read_hard_rows`].

    Returns:
        [`~funreason_trl.fcdr.verdicts.Candidate`]: With the source's own calls as `gold`, where the first build kept
        them beside another's answer. An answer of the source's own that was turned down is no gold.
    """
    provenance = dict(row["provenance"])
    earlier = provenance.pop("earlier", [])
    gold = [Call(call["name"], call["arguments"]) for call in provenance["gold"]] if "gold" in provenance else None
    details = {"round": provenance["round"] + 1, "earlier": [*earlier, provenance]}
    return Candidate(row, provenance["text"], gold, details, flaw=_flaw(row))


def _flaw(row: dict[str, Any]) -> Verdict:
    last = row["provenance"]["verdicts"][-1]
    if last["outcome"] != Outcome.REGENERATE:
        raise ValueError(f"the last outcome is {last['outcome']!r}")
    return Verdict(Stage(last["stage"]), Outcome.REGENERATE, last["reason"], last.get("evidence", ""), last["judge"])
