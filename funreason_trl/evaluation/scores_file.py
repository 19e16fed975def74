"""The scores that `funreason eval` wrote, of one model and those that it is compared with.

In: folders or `scores.json` files, the first one of the model in question. Out: [`read_scores`], and [`against`]: how much
better one of them is than another.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from funreason_trl.evaluation.bfcl.scores import compare, wilson
from funreason_trl.evaluation.table import SKILL_COLUMNS
from funreason_trl.record import RecordError, public_name, read_record


SCORES = "scores.json"
_KINDS = {dict: "an object", str: "a text", float: "a number", int: "a whole number", list: "a list"}
_MEND = "give the output folder of `funreason eval`, or its scores.json"


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
        settings (`dict`): How it was asked; of several evaluations, how it was asked for calls.
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
            the first one is the one in question; its base model and the models of the others are compared with it. A model
            may have several, with other benchmarks; of the same ones the first counts.

    Returns:
        `list[ScoredModel]`: The model, its base if that was evaluated beside it, then the others.

    Raises:
        [`ScoresError`]: A file is missing, broken, or of a run that did not come to an end.
    """
    models: dict[str, ScoredModel] = {}
    for number, one in enumerate(given):
        label, path = _label_and_path(one)
        record = _read(path)
        settings = record["settings"]
        name, base = settings["model"], settings.get("base")
        found: list[tuple[str, str]] = [(name, label or ("this model" if number == 0 else _label(name)))]
        if base is not None and base in record["scores"]:
            found.append((base, f"base model, {public_name(base)}"))
        found += [(other, other) for other in record["scores"] if other in settings.get("others", [])]
        if name not in record["scores"]:
            raise ScoresError(f"{path} has no scores of {name!r}; let `funreason eval` come to its end, and try again")
        for model, heading in found:
            scores, verdicts = record["scores"][model], record.get("verdicts", {}).get(model, {})
            sizes = record.get("sizes", {}).get(model, {})
            scored = ScoredModel(heading, model, scores, verdicts, sizes, settings, record.get("versions", {}))
            place = str(Path(model).resolve()) if Path(model).exists() else model
            models[place] = _merged(models[place], scored) if place in models else scored
    return list(models.values())


def _merged(first: ScoredModel, second: ScoredModel) -> ScoredModel:
    """A model whose benchmarks were run one by one is one model."""
    if first.scores.keys() & second.scores.keys():
        return first
    calls = second if first.scores.keys() <= set(SKILL_COLUMNS) else first
    return replace(
        first,
        scores={**first.scores, **second.scores},
        verdicts={**first.verdicts, **second.verdicts},
        sizes={**first.sizes, **second.sizes},
        settings={**calls.settings, "partial": any(one.settings.get("limit") for one in (first, second))},
        versions=calls.versions,
    )


def scores_of_another(scores: Sequence[ScoredModel], folder: Path, repo_id: str) -> str | None:
    """
    Tells where the first scores do not look like those of the model in a folder.

    Only a hint: the model may have been moved or merged since it was evaluated.

    Args:
        scores (`Sequence[ScoredModel]`): As [`read_scores`] gives them.
        folder (`Path`): The model.
        repo_id (`str`): Its name on the Hub.

    Returns:
        `str` or `None`: A sentence that names both.
    """
    if not scores or scores[0].settings.get("quickstart") or scores[0].model == repo_id:
        return None
    if Path(scores[0].model).expanduser().resolve() == folder.resolve():
        return None
    return (
        f"the first scores are of {scores[0].model}, and the model is {folder}; if these are not the same, give the scores "
        "of this one first"
    )


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
    if not file.is_file():
        raise ScoresError(f"{file} is not there; {_MEND}")
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ScoresError(f"{file} is not JSON ({error}); {_MEND}") from None
    if isinstance(record, dict) and {"options", "before", "after SRML", "rows"} <= record.keys():
        return _quickstart(file, record)
    if not isinstance(record, dict) or not {"settings", "scores"} <= record.keys():
        raise ScoresError(f"{file} has no `settings` and `scores`; {_MEND}")
    _check(file, record)
    return record


def _check(file: Path, record: dict[str, Any]) -> None:
    """Refuse a file by the first field that is not as `funreason eval` writes it."""

    def must_be(kind: type, value: Any, field: str) -> None:
        if not isinstance(value, (int, float) if kind is float else kind):
            raise ScoresError(f"{file}: `{field}` is {json.dumps(value)[:60]}, not {_KINDS[kind]}; {_MEND}")

    for name in ("settings", "scores", "verdicts", "sizes", "versions"):
        must_be(dict, record.get(name, {}), name)
    settings = record["settings"]
    must_be(str, settings.get("model"), "settings.model")
    for name, kind in (("base", str), ("limit", int), ("others", list)):
        if settings.get(name) is not None:
            must_be(kind, settings[name], f"settings.{name}")
    for name in ("verdicts", "sizes", "scores"):
        for model, by_name in record.get(name, {}).items():
            must_be(dict, by_name, f"{name}.{model}")
    for model, categories in record.get("verdicts", {}).items():
        for category, rows in categories.items():
            must_be(dict, rows, f"verdicts.{model}.{category}")
    for model, scores in record["scores"].items():
        for name, score in scores.items():
            must_be(dict, score, f"scores.{model}.{name}")
            for part in ("accuracy", "low", "high", "count"):
                must_be(float if part != "count" else int, score.get(part), f"scores.{model}.{name}.{part}")


def _quickstart(file: Path, results: dict[str, Any]) -> dict[str, Any]:
    """The `results.json` of `funreason quickstart`, in the same form."""
    count, asked = results["rows"], [name for name in results if name == "before" or name.startswith("after ")]
    if not isinstance(count, int) or count < 1:
        raise ScoresError(f"{file}: `rows` is {count!r}, not a number of rows; run `funreason quickstart` again")
    for name in asked:
        if not isinstance(results[name], dict) or not isinstance(results[name].get("calls_right"), int):
            raise ScoresError(f"{file}: `{name}` has no number `calls_right`; run `funreason quickstart` again")
    if not isinstance(results["options"], dict) or not isinstance(results["options"].get("model"), str):
        raise ScoresError(f"{file}: `options` has no name `model`; run `funreason quickstart` again")

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
