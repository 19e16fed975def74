"""How well models call, and which answers changed from one to the other.

In: folders that `funreason eval` wrote, and what `funreason quickstart` measured. Out: [`read_models`]: [`Model`]s, and
[`compare_models`]: [`Comparison`]s, with the answers that became right and wrong.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from funreason_trl.data.rows import split_reasoning
from funreason_trl.evaluation.bfcl.scores import AGGREGATES, Difference, compare, wilson

from .bfcl_answers import Answer, Answers, BfclAnswers, KnownAnswers, Question
from .files import ANYTHING, COUNT, FLAG, NUMBER, OBJECT, TEXT, ReportError, hold, read_lines, read_object
from .lengths import Lengths, lengths_of
from .reading import QUICKSTART, RECORD, SCORES, TRAINED, Run, names_apart, read_own_record, score_files
from .text import public


SKILLS = ("humaneval", "mbpp")
# The quickstart asks questions of its own, which are one category here.
HELD_OUT = "held-out tools"
SHOWN = 20

_INTERVAL = {"low": NUMBER, "high": NUMBER, "count": COUNT}
_SCORES = {
    "settings?": {"model?": TEXT, "base?": TEXT, "bfcl_data?": TEXT},
    "versions?": OBJECT,
    "scores": {str: {str: {"accuracy": NUMBER, **_INTERVAL}}},
    "verdicts": {str: {str: {str: FLAG}}},
    "sizes?": {str: {str: COUNT}},
    "differences?": {str: {"difference": NUMBER, **_INTERVAL}},
}
MEND = "give a folder that `funreason eval --output` wrote, or let it write that one again"
_ANSWERED = {"answer": TEXT, "right": FLAG, "mistake?": TEXT}


@dataclass(frozen=True)
class Score:
    """An accuracy between 0 and 1, its 95% interval, and the rows that it is computed from."""

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Model:
    """
    A model that was asked.

    Attributes:
        name (`str`): How the page calls it.
        role (`str`): `"base"`, `"SFT"`, `"run"`, or nothing where that is not known.
        scores (`dict[str, Score]`): By category, aggregate and benchmark.
        verdicts (`dict[str, dict[str, bool]]`): Right or wrong, by category and id.
        run (`str`): Name of the run that it is, or that it was asked for; empty where it was asked for none.
        asked (`str`): How the page calls the evaluation.
        source (`Path`): Folder of the evaluation.
        settings (`dict`): What the scores depend on.
        sources (`tuple`): What its answers are read from.
        sizes (`dict[str, int]`): Rows that the categories have in the whole benchmark, where that is known.
        differences (`dict[str, Difference]`): To the base model of the same evaluation, where it has them.
    """

    name: str
    role: str
    scores: dict[str, Score]
    verdicts: dict[str, dict[str, bool]]
    run: str
    asked: str
    source: Path
    settings: dict[str, Any]
    sources: tuple[BfclAnswers | KnownAnswers, ...]
    sizes: dict[str, int] = field(default_factory=dict)
    differences: dict[str, Difference] = field(default_factory=dict)

    def answers(self) -> Answers:
        """All that it wrote, by category and id; errors as in [`BfclAnswers`]."""
        return {category: by_id for source in self.sources for category, by_id in source.answers.items()}


@dataclass(frozen=True)
class Changed:
    """An answer that changed: the question, and what was written before and after."""

    category: str
    id: str
    question: Question
    before: Answer
    after: Answer


@dataclass(frozen=True)
class Comparison:
    """
    Two models on the same rows.

    Attributes:
        before, after (`Model`): The two.
        common (`int`): Rows of calls that both answered.
        differences (`dict[str, Difference]`): Accuracy of the second less that of the first.
        gained, lost (`int`): Of these, rows that the second alone has right, that the first alone has.
        gained_answers, lost_answers (`list[Changed]`): [`SHOWN`] of these; none where the answers are not there.
        differing (`list[str]`): Settings in which the two evaluations differ.
    """

    before: Model
    after: Model
    common: int
    differences: dict[str, Difference]
    gained: int
    lost: int
    gained_answers: list[Changed]
    lost_answers: list[Changed]
    differing: list[str]


def read_models(runs: list[Run], folders: list[Path]) -> list[Model]:
    """
    All models that were asked, those before training first.

    Args:
        runs (`list[Run]`): With `eval/`, or the quickstart's own measurements.
        folders (`list[Path]`): Other folders of `funreason eval`.

    Raises:
        ReportError: A folder has no scores, or a file is not what it should be.
    """
    files: list[tuple[Path, Run | None, str]] = [
        (path, run, _place(path, run)) for run in runs for path in score_files(run.folder)
    ]
    for folder, name in zip(folders, names_apart(folders), strict=True):
        path = folder / SCORES if folder.is_dir() else folder
        if not path.is_file():
            raise ReportError(f"{path} is not there; give a folder that `funreason eval --output` wrote")
        files.append((path, None, name))
    models: list[Model] = []
    for path, owner, name in {file[0].resolve(): file for file in reversed(files)}.values():
        models = [*_evaluated(path, owner, name, runs), *models]
    models += [model for run in runs if run.quickstart for model in _quickstart_models(run)]
    order = {"base": 0, "SFT": 1, "": 2, "run": 3}
    return _named_apart(_merged(sorted(models, key=lambda model: order[model.role])))


def compare_models(models: list[Model]) -> Iterator[Comparison]:
    """Each model against the base model of its own evaluation, else against another base, else against the first."""
    bases = [model for model in models if model.role == "base"]
    for model in models:
        if model.role == "base":
            continue
        own = [base for base in bases if base.source == model.source]
        before = next((base for base in (*own, *bases, *models[:1]) if _common(base, model)), None)
        if before is not None and before is not model:
            yield _compared(before, model)


def answer_lengths(models: Iterable[Model]) -> Iterator[Lengths]:
    """How long the answers of each model are, where they are there."""
    for place, model in enumerate(models):
        answers = [answer for by_id in model.answers().values() for answer in by_id.values()]
        if answers:
            pairs = [(len(answer.reasoning), len(answer.result)) for answer in answers]
            yield lengths_of(model.name, pairs, place)


def _place(path: Path, run: Run) -> str:
    """How the page calls an evaluation in a run's folder."""
    return run.name if path.parent == run.folder else f"{run.name}/{path.parent.name}"


def _evaluated(path: Path, run: Run | None, asked: str, runs: list[Run]) -> Iterator[Model]:
    record = read_object(path, _SCORES, MEND)
    settings = record.get("settings", {})
    for name, scores in record["scores"].items():
        role, shown, its_run = _role(name, settings, run, runs)
        yield Model(
            shown,
            role,
            {
                key: Score(*(score[part] for part in ("accuracy", "low", "high", "count")))
                for key, score in scores.items()
            },
            record["verdicts"].get(name, {}),
            its_run,
            asked,
            path.parent,
            settings | {"versions": record.get("versions", {})},
            (BfclAnswers(path.parent, name),),
            record.get("sizes", {}).get(name, {}),
            _stored_differences(record, name),
        )


def _stored_differences(record: dict[str, Any], name: str) -> dict[str, Difference]:
    """Those of the model against its base, which know how many rows the whole benchmark has."""
    if name != record.get("settings", {}).get("model"):
        return {}
    return {
        key: Difference(entry["difference"], entry["count"], entry["low"], entry["high"])
        for key, entry in record.get("differences", {}).items()
    }


def _role(name: str, settings: dict[str, Any], run: Run | None, runs: list[Run]) -> tuple[str, str, str]:
    """What the model is to the runs, how the page calls it, and the run that it is or was asked for."""
    asked_for = run.name if run else ""
    if name == settings.get("base"):
        return "base", public(name), asked_for
    for one in runs:
        own = [place for place in (one.folder, one.folder / "model") if place.is_dir()]
        # `os.path` takes any name for a path, too long ones as well.
        is_own = os.path.exists(name) and any(os.path.samefile(name, place) for place in own)
        if is_own or (one is run and name == settings.get("model")):
            return "run", one.name, one.name
    record = read_own_record(Path(name)) if os.path.isfile(os.path.join(name, RECORD)) else {}
    if record.get("loss", {}).get("balance") == "token":
        return "SFT", public(name), asked_for
    if any(name == one.record.get("base_model", {}).get("name") for one in runs):
        return "base", public(name), asked_for
    return "", public(name), asked_for


def _quickstart_models(run: Run) -> Iterator[Model]:
    names = [key for key in run.quickstart if key == "before" or key.startswith("after ")]
    hold(run.folder / QUICKSTART, run.quickstart, {"rows": COUNT, **{name: {"calls_right": COUNT} for name in names}})
    path = run.folder / "answers.jsonl"
    shape = {"id": ANYTHING, "query": TEXT, "gold": TEXT, **{f"{name}?": _ANSWERED for name in names}}
    lines = {str(line["id"]): line for line in read_lines(path, shape)} if path.is_file() else {}
    rows = run.quickstart["rows"]
    for name in names:
        if not run.quickstart[name]["calls_right"] <= rows > 0:
            raise ReportError(
                f"{run.folder / QUICKSTART}: `{name}.calls_right` of `rows` is {run.quickstart[name]['calls_right']} of "
                f"{rows}, which can't be; let `funreason quickstart` write it again"
            )
        right = wilson(run.quickstart[name]["calls_right"] / rows, rows)
        role = {"before": "base", TRAINED: "run"}.get(name, "SFT")
        shown = {"before": public(run.quickstart["options"]["model"]), TRAINED: run.name}
        answers = {id: _quickstart_answer(line, name) for id, line in lines.items() if name in line}
        yield Model(
            shown.get(name, name.removeprefix("after ")),
            role,
            {HELD_OUT: Score(right.value, right.low, right.high, right.count)},
            {HELD_OUT: {id: line[name]["right"] for id, line in lines.items() if name in line}},
            run.name,
            run.name,
            run.folder,
            {},
            (KnownAnswers({HELD_OUT: answers}),),
        )


def _quickstart_answer(line: dict[str, Any], name: str) -> Answer:
    reasoning, result = split_reasoning(line[name]["answer"])
    return Answer(reasoning or "", result, line[name].get("mistake", ""), Question(line["query"], line["gold"]))


def _merged(models: Iterable[Model]) -> list[Model]:
    """A model whose benchmarks were run one by one is one model."""
    merged: list[Model] = []
    for model in models:
        place = next((place for place, there in enumerate(merged) if _is_more_of(there, model)), None)
        if place is None:
            merged.append(model)
            continue
        there = merged[place]
        merged[place] = replace(
            there,
            scores={**there.scores, **model.scores},
            verdicts={**there.verdicts, **model.verdicts},
            sizes={**there.sizes, **model.sizes},
            differences={**there.differences, **model.differences},
            sources=(*there.sources, *model.sources),
        )
    return merged


def _is_more_of(there: Model, model: Model) -> bool:
    """Other benchmarks of the same model, and not of another run."""
    same = (there.name, there.role) == (model.name, model.role) and not there.scores.keys() & model.scores.keys()
    return same and (there.run == model.run or not there.run or not model.run)


def _named_apart(models: list[Model]) -> list[Model]:
    return [
        replace(model, name=_own_name(model, [one for one in models if one.name == model.name])) for model in models
    ]


def _own_name(model: Model, same: list[Model]) -> str:
    """With the name of its run, or else of its evaluation, where others are called the same."""
    if len(same) == 1:
        return model.name
    for labels in ([one.run or one.asked for one in same], [one.asked for one in same]):
        if len(set(labels)) == len(same):
            break
    else:  # folders of one name, asked in one evaluation
        labels = [str(number) for number in range(1, len(same) + 1)]
    place = next(place for place, one in enumerate(same) if one is model)
    return f"{model.name}, {labels[place]}"


def _common(before: Model, after: Model) -> dict[str, list[str]]:
    """Ids of the rows that both answered, by category."""
    return {
        category: ids
        for category, rows in before.verdicts.items()
        if (ids := [id for id in rows if id in after.verdicts.get(category, {})])
    }


def _compared(before: Model, after: Model) -> Comparison:
    common = _common(before, after)
    pairs = [(category, id) for category, ids in common.items() if category not in SKILLS for id in ids]
    gained = [(c, id) for c, id in pairs if after.verdicts[c][id] and not before.verdicts[c][id]]
    lost = [(c, id) for c, id in pairs if before.verdicts[c][id] and not after.verdicts[c][id]]
    differences = after.differences
    if not differences or before.source != after.source:
        differences = compare(before.verdicts, after.verdicts, after.sizes or None)
        if not after.sizes and any(model.settings.get("limit") for model in (before, after)):
            # What weighs rows by the size of the whole benchmark can't be said of a part of them.
            differences = {name: one for name, one in differences.items() if name not in AGGREGATES}
    same = ("prompt", "max_new_tokens", "backend")
    return Comparison(
        before,
        after,
        len(pairs),
        differences,
        len(gained),
        len(lost),
        list(_changed(before, after, gained)),
        list(_changed(before, after, lost)),
        [name for name in same if before.settings.get(name) != after.settings.get(name)],
    )


def _changed(before: Model, after: Model, rows: list[tuple[str, str]]) -> Iterator[Changed]:
    old, new = before.answers(), after.answers()
    there = [(c, id) for c, id in _in_turn(rows) if id in old.get(c, {}) and id in new.get(c, {})]
    for category, id in islice(there, SHOWN):
        was, is_now = (model[category][id] for model in (old, new))
        yield Changed(category, id, was.question, was, is_now)


def _in_turn(rows: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """One of each category, then a second of each, so that the few that are shown are not all of one kind."""
    places: dict[str, int] = {}
    ranked = []
    for category, id in rows:
        places[category] = places.get(category, 0) + 1
        ranked.append((places[category], category, id))
    ranked.sort(key=lambda one: one[0])
    return ((category, id) for _, category, id in ranked)
