"""The tables of a model's card: how well it calls beside others, how it was trained, what became of its rounds.

In: scores, the record of a run, its rounds. Out: Markdown, empty where nothing is known; text that comes from files or from
a model stands in it as text, whatever it holds.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from funreason_trl.evaluation.scores_file import ScoredModel, against
from funreason_trl.evaluation.table import BFCL_COLUMNS, SKILL_COLUMNS, markdown_table


SHOWN_SETTINGS = (
    *("epochs", "learning_rate", "scheduler", "warmup_steps", "optimizer", "weight_decay", "max_length", "packing"),
    *("weights", "autocast", "seed"),
)


def shown_scores(scores: Sequence[ScoredModel]) -> list[str]:
    """Scores of the model that the card shows: what the field quotes, or all where none of that could be computed."""
    if not scores:
        return []
    found = list(scores[0].scores)
    headline = [name for name in BFCL_COLUMNS if name in found]
    calling = headline or [name for name in found if name not in SKILL_COLUMNS]
    return [*calling, *(name for name in SKILL_COLUMNS if name in found)]


def accuracy_table(scores: Sequence[ScoredModel]) -> str:
    names = [name for name in shown_scores(scores) if name not in SKILL_COLUMNS]
    if not names:
        return ""
    return f"{scores_table(scores, names)}\n\n{_how_asked(scores[0])}"


def scores_table(scores: Sequence[ScoredModel], names: Sequence[str]) -> str:
    """Percentages with intervals, a column for each model and for each difference to the first one."""
    if not names:
        return ""
    others = scores[1:]
    changes = [against(scores[0], other) for other in others]
    shown = [bool(change.keys() & set(names)) for change in changes]
    header = ["score", "rows", *(plain(model.label) for model in scores)]
    header += [
        f"difference to {plain(other.label.partition(',')[0])}"
        for other, any_ in zip(others, shown, strict=True)
        if any_
    ]
    rows = []
    for name in names:
        row = [name, str(scores[0].scores[name]["count"])]
        row += [_percent(model.scores[name]) if name in model.scores else "" for model in scores]
        row += [_points(change.get(name)) for change, any_ in zip(changes, shown, strict=True) if any_]
        rows.append(row)
    return markdown_table(header, rows)


def _percent(score: Mapping[str, Any]) -> str:
    value, low, high = (f"{100 * score[key]:.1f}" for key in ("accuracy", "low", "high"))
    return f"{value} ({low} to {high})"


def _points(change: Mapping[str, float] | None) -> str:
    if change is None:
        return ""
    value, low, high = (f"{100 * change[key]:+.1f}" for key in ("difference", "low", "high"))
    return f"{value} ({low} to {high})"


def _how_asked(model: ScoredModel) -> str:
    settings = model.settings
    if settings.get("quickstart"):
        return (
            "Percentages with 95% intervals. The questions are held-out rows of the sample that comes with funreason_trl, "
            "about tools that do not occur in training; answers were judged by BFCL's rules."
        )
    share = f"at most {settings['limit']} rows of each category" if settings.get("limit") else "all rows"
    versions = ", ".join(f"{plain(name)} {plain(number)}" for name, number in model.versions.items())
    return (
        "Percentages with 95% intervals; differences are in points, row by row over the same questions. Asked with "
        f"`funreason eval`: {share}, prompt {code(settings.get('prompt', 'python'))}, greedy, at most "
        f"{plain(settings.get('max_new_tokens', '?'))} new tokens{f'; {versions}' if versions else ''}."
    )


# ------------------------------------------------------------------------------------------------------ how it was made


def training_table(record: Mapping[str, Any]) -> str:
    base, dataset = record.get("base_model") or {}, record.get("dataset") or {}
    loss, training = record.get("loss") or {}, record.get("training") or {}
    named = {"base model": _named(base, ""), "data": _named(dataset, "datasets/")}
    others = {
        "weights taken from": base.get("source"),
        "split": dataset.get("split"),
        "rows": dataset.get("rows"),
        "loss": _loss(loss),
        "adapter": _listed(record.get("adapter")),
        "quantization": _listed(record.get("quantization")),
        "optimizer steps": training.get("steps"),
        "rows in a step": _batch(training),
        **{name.replace("_", " "): training.get(name) for name in SHOWN_SETTINGS},
        **_last_losses(record.get("log_history") or []),
    }
    known = [[name, text] for name, text in named.items() if text is not None] + _cells(others)
    if not known:
        return ""
    how = "The loss is the mean over all trained tokens, as in plain fine-tuning."
    if loss.get("balance") != "token":
        how = (
            "The loss is `alpha * L_think + beta * L_result`, two means: `L_think` over the tokens of the thinking, "
            "`L_result` over those of the answer after it (FunReason, section 3.3)."
        )
    return "\n\n".join([how, markdown_table(["", ""], known)] if loss else [markdown_table(["", ""], known)])


def _named(facts: Mapping[str, Any], kind: str) -> str | None:
    if "name" not in facts:
        return None
    return linked(facts["name"], kind) + (f", version {code(facts['revision'])}" if "revision" in facts else "")


def _loss(loss: Mapping[str, Any]) -> str | None:
    balance = loss.get("balance")
    if balance == "fixed":
        return f"alpha = {loss.get('think_weight')}, beta = {loss.get('result_weight')}"
    if balance == "learned":
        ends = f"between {loss.get('alpha_min')} and {loss.get('alpha_max')}"
        last = f", {loss['alpha']:.3f} at the end" if "alpha" in loss else ""
        return f"alpha is learned {ends} from {loss.get('alpha_init')} on{last}; beta = 1 - alpha"
    return "every trained token counts the same (plain fine-tuning)" if balance == "token" else None


def _batch(training: Mapping[str, Any]) -> str | None:
    names = ("batch_size", "accumulation", "processes")
    if not all(isinstance(training.get(name), int) for name in names):
        return None
    batch, accumulation, processes = (training[name] for name in names)
    total = batch * accumulation * processes
    return f"{total} (on each device {batch}, accumulated {accumulation}, devices {processes})"


def _last_losses(history: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The last that was logged of each loss, per token."""
    names = {
        "loss/think": "last loss of the thinking",
        "loss/result": "last loss of the result",
        "eval_loss/think": "on held-out rows, loss of the thinking",
        "eval_loss/result": "on held-out rows, loss of the result",
    }
    logged = {name: log[name] for log in history for name in names if isinstance(log.get(name), float)}
    return {words: f"{logged[name]:.3f} per token" for name, words in names.items() if name in logged}


def rounds_table(rounds: Sequence[Mapping[str, Any]]) -> str:
    if not rounds:
        return ""
    stages = list(dict.fromkeys(stage for one in rounds for stage in one.get("funnel", {})))
    header = ["round", "after epoch", "queries", "answers"]
    header += [f"passed: {stage.replace('_', ' ')}" for stage in stages]
    header += ["queries with an answer that passed", "rows with such an answer after it"]
    lines, notes = [], []
    for one in rounds:
        figures, number = one.get("figures", {}), one.get("round", "?")
        cells = [number, one.get("epochs", ""), figures.get("rows", ""), figures.get("answers", "")]
        cells += [_passed(one.get("funnel", {}).get(stage)) for stage in stages]
        lines.append([*cells, one.get("accepted", ""), one.get("replaced", 0)])
        notes += [f"Round {number}: {plain(warning)}." for warning in one.get("warnings", [])]
        if one.get("why_unchanged"):
            notes.append(f"Round {number} changed nothing: {plain(one['why_unchanged'])}.")
    config = rounds[-1].get("config", {})
    names = ("answers_per_row", "temperature", "top_p", "mode", "refined_share")
    how = ", ".join(f"{name} {plain(config[name])}" for name in names if name in config)
    text = markdown_table(header, [[plain(cell) for cell in line] for line in lines])
    text += f"\n\nSettings: {how}." if how else ""
    return text + "".join(f"\n\n{note}" for note in notes)


def _passed(counts: Mapping[str, Any] | None) -> str:
    verdicts = (counts or {}).get("verdicts", {})
    passed = verdicts.get("pass", 0) + verdicts.get("save", 0)
    return f"{passed} of {sum(verdicts.values())}"


def setup_table(record: Mapping[str, Any]) -> str:
    seconds = record.get("seconds")
    facts = {**(record.get("machine") or {}), **(record.get("versions") or {})}
    if isinstance(seconds, int | float) and seconds > 0:
        unit, size = ("h", 3600) if seconds >= 3600 else ("min", 60) if seconds >= 60 else ("s", 1)
        facts["time of training"] = f"{seconds / size:.1f} {unit}"
    return markdown_table(["", ""], _cells(facts)) if facts else ""


def _cells(facts: Mapping[str, Any]) -> list[list[str]]:
    return [[plain(name), plain(value)] for name, value in facts.items() if value is not None]


def _listed(facts: Mapping[str, Any] | None) -> str | None:
    if not facts:
        return None
    parts = [
        f"{name} {', '.join(map(str, value)) if isinstance(value, list) else value}" for name, value in facts.items()
    ]
    return "; ".join(parts)


def plain(value: object) -> str:
    """As text of one line, in which nothing is markup."""
    text = " ".join(str(value).split())
    text = text if len(text) <= 300 else text[:299] + "…"
    return re.sub(r"([\[\]`*])", r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;"))


def linked(name: str, kind: str = "") -> str:
    return f"[{name}](https://huggingface.co/{kind}{name})" if is_hub_name(name) else code(name)


def code(value: object) -> str:
    """As code within a line."""
    return f"`{' '.join(str(value).replace('`', ' ').split())[:300]}`"


def is_hub_name(name: object) -> bool:
    if not isinstance(name, str) or name.count("/") != 1:
        return False
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True
