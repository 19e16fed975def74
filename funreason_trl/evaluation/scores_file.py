"""The scores that `funreason eval` wrote, of one model and those that it is compared with.

In: folders or `scores.json` files, the first one of the model in question. Out: [`read_scores`], and [`against`]: how much
better one of them is than another.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funreason_trl.evaluation.bfcl.scores import compare, wilson
from funreason_trl.record import RecordError, public_name, read_record


SCORES = "scores.json"


class ScoresError(ValueError):
    """A file that is no `scores.json`, or not a whole one; says what to do about it."""


@dataclass(frozen=True)
class ScoredModel:
    """
    What one model reached.

    Attributes:
        label (`str`): For the head of a column.
        model (`str`): As `funreason eval` was told it.
        scores (`dict`): `accuracy`, `low`, `high` and `count` by name of the score.
        verdicts (`dict`): Right or wrong, by category or benchmark and id.
        sizes (`dict`): Rows that the categories have in the whole benchmark, where the file tells.
        settings (`dict`): How it was asked.
        versions (`dict`): Of the packages that it was asked with.
    """

    label: str
    model: str
    scores: Mapping[str, Mapping[str, Any]]
    verdicts: Mapping[str, Mapping[str, bool]]
    sizes: Mapping[str, int]
    settings: Mapping[str, Any]
    versions: Mapping[str, str]


def read_scores(given: Sequence[str]) -> list[ScoredModel]:
    """
    Read scores.

    Args:
        given (`Sequence[str]`): Folders that `funreason eval` wrote, or files, each one also as `LABEL=PATH`. The model of
            the first one is the one in question; its base model and the models of the others are compared with it.

    Returns:
        `list[ScoredModel]`: The model, its base if that was evaluated beside it, then the others.

    Raises:
        [`ScoresError`]: A file is missing, broken, or of a run that did not come to an end.
    """
    models: list[ScoredModel] = []
    for number, one in enumerate(given):
        label, path = _label_and_path(one)
        record = _read(path)
        settings = record["settings"]
        name, base = settings["model"], settings.get("base")
        found = [(name, label or ("this model" if number == 0 else _label(name)))]
        if base is not None and base in record["scores"]:
            found.append((base, f"base model, {public_name(base)}"))
        found += [(other, other) for other in settings.get("others", [])]
        if name not in record["scores"]:
            raise ScoresError(f"{path} has no scores of {name!r}; let `funreason eval` come to its end, and try again")
        for model, heading in found:
            if number == 0 or model not in [other.model for other in models]:
                scores, verdicts = record["scores"][model], record.get("verdicts", {}).get(model, {})
                sizes = record.get("sizes", {}).get(model, {})
                models.append(
                    ScoredModel(heading, model, scores, verdicts, sizes, settings, record.get("versions", {}))
                )
    return models


def against(model: ScoredModel, other: ScoredModel) -> dict[str, dict[str, float]]:
    """
    How much better a model is than another, on the questions that both were asked.

    Returns:
        `dict[str, dict[str, float]]`: By score `difference`, `low`, `high` and `count`; those scores are left out that
        would need to know how many rows the benchmark has, where only some were asked and the files do not tell.
    """
    partial = model.settings.get("limit") is not None and not model.sizes
    changes = compare(other.verdicts, model.verdicts, model.sizes or None)
    return {
        name: {"difference": change.value, "low": change.low, "high": change.high, "count": change.count}
        for name, change in changes.items()
        if not (partial and name not in model.verdicts)
    }


def _label_and_path(given: str) -> tuple[str | None, Path]:
    label, sign, path = given.partition("=")
    if not sign or Path(given).exists():
        return None, Path(given)
    return label, Path(path)


def _label(model: str) -> str:
    """`plain SFT` where the model's own record says so."""
    try:
        balance = read_record(model).get("loss", {}).get("balance")
    except RecordError:
        balance = None
    name = public_name(model)
    return f"plain SFT, {name}" if balance == "token" else name


def _read(path: Path) -> dict[str, Any]:
    file = path / SCORES if path.is_dir() else path
    mend = "give the output folder of `funreason eval`, or its scores.json"
    if not file.is_file():
        raise ScoresError(f"{file} is not there; {mend}")
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ScoresError(f"{file} is not JSON ({error}); {mend}") from None
    if isinstance(record, dict) and {"options", "before", "after SRML", "rows"} <= record.keys():
        return _quickstart(record)
    if not isinstance(record, dict) or not {"settings", "scores"} <= record.keys():
        raise ScoresError(f"{file} has no `settings` and `scores`; {mend}")
    return record


def _quickstart(results: dict[str, Any]) -> dict[str, Any]:
    """The `results.json` of `funreason quickstart`, in the same form."""
    count = results["rows"]

    def scores(name: str) -> dict[str, Any]:
        return {"heldout_sample": wilson(results[name]["calls_right"] / count, count).as_dict()}

    model, base = "after SRML", results["options"]["model"]
    others = ["plain SFT"] if "after plain SFT" in results else []
    return {
        "settings": {"model": model, "base": base, "others": others, "quickstart": True},
        "scores": {
            model: scores(model),
            base: scores("before"),
            **{other: scores(f"after {other}") for other in others},
        },
    }
