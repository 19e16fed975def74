"""The page's sections on training and rounds: at a glance, losses, rounds, lengths, set-up.

In: [`Run`]s. Out: HTML of each section, or a line that says which command would bring what it needs.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from .files import is_number
from .flow import flow_picture, read_flow
from .lengths import Lengths, spread
from .parts import cards, figures, line_key, missing, section, table, titled
from .pictures import Curve, curves_picture, lengths_picture
from .reading import TRAINED, Run
from .scores import Comparison, Model
from .text import duration, percent, public, safe, words


PANELS = (
    ("loss/think", "Loss of the thinking, per token", False),
    ("loss/result", "Loss of the result (the calls), per token", False),
    ("alpha", "Alpha, the weight of the thinking", True),
    ("tokens/think_share", "Share of the trained tokens that are thinking", True),
    ("bfcl/all", "Calls right during training", True),
)
# What is on file only for machines, or is somebody's own business: addresses and keys.
_HIDDEN = ("url", "token", "password", "secret", "api_key", "output", "output_dir")


def glance(runs: Sequence[Run], comparisons: Sequence[Comparison], models: Sequence[Model]) -> str:
    """A card for each run with its most important figures."""
    bodies = []
    for run in runs:
        state = f"stopped or still running, step {run.step:,} of {run.total:,}" if run.running else ""
        tag = f'<p><span class="tag">{safe(state)}</span></p>' if state else ""
        subtitle = f'<p class="muted">{safe(_subtitle(run))}</p>' if _subtitle(run) else ""
        bodies.append(f"<h3>{safe(run.name, 200)}</h3>{subtitle}{tag}{figures(_glance(run, comparisons, models))}")
    return f'<section id="glance">{cards(bodies)}</section>'


def _subtitle(run: Run) -> str:
    """Base model, balance, rows, as far as they are known."""
    base = run.record.get("base_model") or {}
    name = (
        base.get("name")
        or run.adapter.get("base_model_name_or_path")
        or run.quickstart.get("options", {}).get("model")
    )
    balance = (run.record.get("loss") or {}).get("balance")
    rows = (run.record.get("dataset") or {}).get("rows") or run.quickstart.get("options", {}).get("train_rows")
    said = [public(str(name))] if name else []
    said += [f"balance {balance}"] if balance else []
    said += [f"{rows:,} rows"] if isinstance(rows, int) else []
    return ", ".join(said)


def _glance(run: Run, comparisons: Sequence[Comparison], models: Sequence[Model]) -> Iterator[tuple[str, str]]:
    if run.step:
        yield "optimizer steps", f"{run.step:,}"
    for key, name in (("loss/think", "loss of thinking"), ("loss/result", "loss of the result")):
        values = [entry[key] for entry in run.history if is_number(entry.get(key))]
        if values:
            yield f"{name}, first to last", f"{values[0]:.3g} → {values[-1]:.3g}"
    seconds = run.record.get("seconds") or run.quickstart.get(TRAINED, {}).get("seconds")
    if is_number(seconds):
        yield "of training", duration(seconds)
    if run.rounds:
        shares = [line.get("figures", {}).get("accepted_rows") for line in run.rounds]
        known = [percent(share) for share in shares if is_number(share)]
        if known:
            name = "queries with an accepted answer" + (", first round to last" if len(known) > 1 else "")
            yield name, " → ".join(known[:: len(known) - 1] if len(known) > 1 else known)
    own = next((model for model in models if model.role == "run" and model.run == run.name), None)
    if own is not None:
        name = next(key for key in ("overall", *own.scores) if key in own.scores)
        score = own.scores[name]
        interval = f"95% interval {percent(score.low)} to {percent(score.high)}"
        yield f"right, {words(name)} ({interval})", percent(score.value, 1)
    for comparison in comparisons:
        if comparison.after is own:
            yield f"rows right that {comparison.before.name} had wrong", f"{comparison.gained:,}"
            yield f"rows wrong that {comparison.before.name} had right", f"{comparison.lost:,}"


def losses(runs: Sequence[Run]) -> str:
    """Both losses, alpha and the share of thinking over the steps, a line for each run."""
    pictures = []
    rounds = [line["step"] for line in runs[0].rounds] if len(runs) == 1 else []
    for key, title, share in PANELS:
        curves = [curve for place, run in enumerate(runs) for curve in _curves(place, run, key)]
        if curves:
            pictures.append(titled(title, curves_picture(title, curves, rounds, share)))
    if not pictures:
        body = missing("There are no losses by step.", "funreason train --config RECIPE.yaml --logging_steps 1")
        return section("losses", "Training", body)
    notes = ["Bold: running mean; pale: as logged."]
    if any(f"eval_{key}" in entry for run in runs for entry in run.history for key, *_ in PANELS[:2]):
        notes.append("Markers: evaluation on held-out rows.")
    if rounds:
        notes.append("Dotted lines with numbers: rounds of refinement.")
    return section("losses", "Training", line_key([run.name for run in runs]) + cards(pictures), " ".join(notes))


def _curves(place: int, run: Run, key: str) -> Iterator[Curve]:
    for name, dots in ((key, False), (f"eval_{key}", True)):
        points = [
            (entry["step"], entry[name]) for entry in run.history if is_number(entry.get(name)) and "step" in entry
        ]
        if points:
            label = f"{run.name}, evaluation" if dots else run.name
            yield Curve(place, label, [step for step, _ in points], [value for _, value in points], dots)


def rounds(runs: Sequence[Run]) -> str:
    """The funnel of each round, and what the round did."""
    parts = []
    for run in runs:
        heading = f"<h3>{safe(run.name, 200)}</h3>" if len(runs) > 1 else ""
        if not run.rounds:
            parts.append(
                heading + missing("There are no rounds of refinement.", "funreason refine --config refine.yaml")
            )
            continue
        flows = []
        for line in run.rounds:
            steps = read_flow(line.get("funnel", {}), line.get("figures", {}).get("answers", 0))
            if steps:
                name = f"Round {line.get('round', '?')}"
                flows.append(titled(name, flow_picture(f"Funnel of {name.lower()}", steps)))
        parts.append(heading + cards(flows, "narrow") + _rounds_table(run) + _warnings(run))
    intro = (
        "The model's own answers under inspection. An answer leaves at the first stage that turns it down: dropped, or hard, "
        "which is to be asked again. One that rightly calls nothing skips the checks of calls."
    )
    return section("rounds", "Rounds of refinement", "".join(parts), intro if any(run.rounds for run in runs) else "")


def _rounds_table(run: Run) -> str:
    columns: list[tuple[str, Any]] = [
        ("after step", lambda line, seen: f"{line.get('step', 0):,}"),
        ("queries", lambda line, seen: _count(seen.get("rows"))),
        ("answers", lambda line, seen: _count(seen.get("answers"))),
        ("queries with an accepted answer", lambda line, seen: _share(seen.get("accepted_rows"))),
        ("answers accepted", lambda line, seen: _share(seen.get("accepted_answers"))),
        ("answers equal to gold", lambda line, seen: _share(seen.get("equals_gold"))),
        ("answers without a call", lambda line, seen: _share(seen.get("no_call"))),
        ("different answers", lambda line, seen: _share(seen.get("distinct"))),
        ("thinking, mean characters", lambda line, seen: _count(seen.get("think_length"))),
        ("held-out calls right before it", lambda line, seen: _share(line.get("accuracy"))),
        ("rows that gave their place", lambda line, seen: _count(line.get("replaced"))),
        ("took", lambda line, seen: duration(line["seconds"]) if is_number(line.get("seconds")) else ""),
    ]
    cells = [[show(line, line.get("figures", {})) for _, show in columns] for line in run.rounds]
    used = [place for place in range(len(columns)) if any(line[place] for line in cells)]
    rows = [[safe(columns[place][0]), *(line[place] for line in cells)] for place in used]
    return table(["", *(f"round {line.get('round', '?')}" for line in run.rounds)], rows)


def _warnings(run: Run) -> str:
    said = [(line, warning) for line in run.rounds for warning in line.get("warnings", [])]
    said += [(line, f"changed nothing: {line['why_unchanged']}") for line in run.rounds if line.get("why_unchanged")]
    return "".join(
        f'<p class="warning">Round {safe(line.get("round", "?"))}: {safe(text)}.</p>' for line, text in said
    )


def lengths(runs: Sequence[Run], of_models: Sequence[Lengths]) -> str:
    """Lengths of thinking and calls of the models' answers, and of the rounds'."""
    parts = []
    several = len(runs) > 1
    groups = [
        (f"Answers in the rounds{f' of {run.name}' if several else ''}", run.lengths) for run in runs if run.lengths
    ]
    if of_models:
        groups.insert(0, ("Answers of the models that were asked", list(of_models)))
    for title, found in groups:
        pictures = [
            titled(what, lengths_picture(f"{title}: {what}", found, part))
            for part, what in (("think", "Thinking"), ("call", "What follows it: calls, or words"))
        ]
        parts.append(titled(title, cards(pictures) + _lengths_table(found)))
    if not parts:
        body = missing("There are no answers to measure.", "funreason eval --model RUN --base BASE --output RUN/eval")
        return section("lengths", "Lengths of thinking and calls", body)
    intro = (
        "In characters. Box: the middle half; its line: the median; ring: the mean; whiskers: from the 5th to the 95th of a "
        "hundred answers."
    )
    return section("lengths", "Lengths of thinking and calls", "".join(parts), intro)


def _lengths_table(groups: Sequence[Lengths]) -> str:
    rows = []
    for group in groups:
        think, call = spread(group.think), spread(group.call)
        ratio = f"{think.mean / call.mean:.1f}" if call.mean else ""
        numbers = (f"{one:,.0f}" for one in (think.mean, think.median, call.mean, call.median))
        rows.append([safe(group.label, 120), f"{len(group.think):,}", *numbers, ratio])
    header = ["", "answers", "thinking, mean", "median", "what follows, mean", "median", "thinking to the rest"]
    return f"<details><summary>Lengths as a table</summary>{table(header, rows)}</details>"


def setup(runs: Sequence[Run], models: Sequence[Model]) -> str:
    """Options, versions and machine, run by run, and how the models were asked."""
    groups: dict[str, list[dict[str, str]]] = {}
    for place, run in enumerate(runs):
        for title, values in _setup_groups(run):
            groups.setdefault(title, [{} for _ in runs])[place].update(_flat(values))
    names = [run.name for run in runs]
    boxes = [titled(title, _values_table(names, values)) for title, values in groups.items() if any(values)]
    body = cards(boxes, "flowing")
    if not boxes:
        body = missing("The options of the training are not on file.", "funreason train --config RECIPE.yaml")
    sources = {model.source: model for model in models if model.settings}
    if sources:
        asked = [dict(_flat(model.settings)) for model in sources.values()]
        inner = _values_table([model.asked for model in sources.values()], asked)
        body += f"<details><summary>Settings of the evaluations</summary>{inner}</details>"
    return section("setup", "Set-up and versions", body)


def _setup_groups(run: Run) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is on record, in groups with a title each."""
    for name, value in run.record.items():
        if isinstance(value, dict):
            yield words(name).capitalize(), value
        else:
            yield "Run", {name: value}
    if not run.record:
        yield "Run", {"steps": run.step, "planned steps": run.total or None}
    if not run.record.get("adapter"):
        yield "Adapter", run.adapter
    yield "Quickstart", run.quickstart.get("options", {})
    yield "Refinement", run.rounds[-1].get("config", {}) if run.rounds else {}


def _values_table(header: Sequence[str], columns: Sequence[dict[str, str]]) -> str:
    names = dict.fromkeys(name for column in columns for name in column)
    rows = [[safe(words(name), 80), *(safe(column.get(name, ""), 300) for column in columns)] for name in names]
    return table(["", *header], rows, numbers=False)


def _flat(values: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Each value by its path, as text; what is empty, and what nobody else should see, is left out."""
    for key, value in values.items():
        name = f"{before}{key}"
        if value in (None, "", [], {}) or key.endswith(_HIDDEN):
            continue
        if isinstance(value, dict):
            yield from _flat(value, f"{name} ")
        elif isinstance(value, list):
            yield name, ", ".join(public(str(item)) for item in value)
        elif isinstance(value, float):
            yield name, f"{value:.6g}"
        else:
            yield name, public(str(value))


def _share(value: Any) -> str:
    return percent(value) if is_number(value) else ""


def _count(value: Any) -> str:
    return f"{value:,.0f}" if is_number(value) else ""
