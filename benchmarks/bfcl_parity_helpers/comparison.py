"""Where two checkers differ, counted by category and gathered by cause.

In: answers and both verdicts on each. Out: [`compare`]: counts and groups of differences; [`report`]: as Markdown.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from bfcl_parity_helpers.execution import COMPARABLE
from bfcl_parity_helpers.processes import Answer, Verdict
from funreason_trl.evaluation.bfcl.decoding import MAX_CHARS as PYTHON_CHARS
from funreason_trl.evaluation.bfcl.rows import PYTHON, category_language
from funreason_trl.evaluation.bfcl.syntax import MAX_CHARS as PROGRAM_CHARS
from funreason_trl.evaluation.table import markdown_table


# A difference has a known reason, which the documentation names, or it is one to mend. Two checkers that agree may
# still have read different calls.
COLUMNS = {
    "compared": "compared",
    "right": "both right",
    "wrong": "both wrong",
    "stops": "official stops, ours wrong",
    "differences": "differences",
    "known": "differences with a known reason",
    "runs code": "not compared: official would run code",
    "read otherwise": "same verdict, read otherwise",
}
EXAMPLES = 4
EXAMPLE_LENGTH = 240


@dataclass
class Comparison:
    """
    What came out of one set of answers.

    Attributes:
        categories (`dict[str, Counter]`): For each, a count for each of [`COLUMNS`].
        stops (`Counter`): By exception, how often the official checker raised it, which ends its whole run.
        causes (`dict[str, dict]`): By both outcomes, each difference's `count`, `kinds` and `examples`.
        readings (`dict[str, dict]`): The same of answers that are read otherwise, with an equal verdict.
        ours_on_code (`Counter`): By kind of code and our outcome, the answers that the official one would run.
    """

    categories: dict[str, Counter] = field(default_factory=lambda: defaultdict(Counter))
    stops: Counter = field(default_factory=Counter)
    causes: dict[str, dict] = field(default_factory=dict)
    readings: dict[str, dict] = field(default_factory=dict)
    ours_on_code: Counter = field(default_factory=Counter)

    @property
    def differences(self) -> int:
        return sum(counts["differences"] for counts in self.categories.values())


def compare(
    answers: Sequence[Answer], executions: Sequence[str], official: Sequence[Verdict | None], ours: Sequence[Verdict]
) -> Comparison:
    """
    Count and gather.

    Args:
        answers (`Sequence[Answer]`): All of them.
        executions (`Sequence[str]`): What the official checker would run of each; see `execution_of`.
        official (`Sequence[Verdict | None]`): `None` where it was not asked, since it would run code.
        ours (`Sequence[Verdict]`): On all of them.

    Returns:
        `Comparison`
    """
    result = Comparison()
    for answer, execution, theirs, own in zip(answers, executions, official, ours, strict=True):
        counts = result.categories[answer.category]
        if theirs is None:
            counts["runs code"] += 1
            result.ours_on_code[f"{execution}: {_outcome(own)}"] += 1
            if own.valid is None:
                _note(result, answer, "not asked", own)
            continue
        counts["compared"] += 1
        if theirs.valid is None and own.valid is False:
            counts["stops"] += 1
            result.stops[theirs.error] += 1
        elif theirs.valid is None or theirs.valid != own.valid:
            _note(result, answer, _outcome(theirs), own, _known_reason(answer, execution, own))
        else:
            counts["right" if own.valid else "wrong"] += 1
            if theirs.decoded != own.decoded and execution in COMPARABLE:
                counts["read otherwise"] += 1
                _gather(result.readings, _readings(theirs, own), answer, {"readings": [theirs.decoded, own.decoded]})
    return result


def _outcome(verdict: Verdict) -> str:
    if verdict.valid is None:
        return f"stops ({verdict.error.splitlines()[0]})"
    return "right" if verdict.valid else f"wrong ({verdict.error})"


def _known_reason(answer: Answer, execution: str, own: Verdict) -> str:
    if own.valid is None:
        return ""
    if execution not in COMPARABLE:
        return f"official runs an {execution}"
    # Ours stops reading there, so that no text keeps it busy for long.
    limit = PYTHON_CHARS if category_language(answer.category) == PYTHON else PROGRAM_CHARS
    return f"more than {limit:,} characters" if len(answer.text) > limit else ""


def _note(result: Comparison, answer: Answer, theirs: str, own: Verdict, reason: str = "") -> None:
    result.categories[answer.category]["known" if reason else "differences"] += 1
    cause = f"{reason or 'unexplained'}: official {theirs}, ours {_outcome(own)}"
    _gather(result.causes, cause, answer, {})


def _readings(theirs: Verdict, own: Verdict) -> str:
    if theirs.decoded and own.decoded:
        return "different calls"
    return "calls for the official checker only" if theirs.decoded else "calls for ours only"


def _gather(groups: dict[str, dict], cause: str, answer: Answer, more: dict) -> None:
    group = groups.setdefault(cause, {"count": 0, "categories": Counter(), "kinds": Counter(), "examples": []})
    group["count"] += 1
    group["categories"][answer.category] += 1
    group["kinds"].update(answer.kinds)
    group["examples"].append({"id": answer.id, "text": answer.text, "kinds": answer.kinds, **more})
    # Short ones show the cause best.
    group["examples"].sort(key=lambda example: len(example["text"]))
    del group["examples"][EXAMPLES:]


def report(name: str, comparison: Comparison) -> str:
    """Tables of one set of answers, and its differences by cause, as Markdown."""
    total: Counter = sum(comparison.categories.values(), Counter())
    lines = [[name, *(counts[column] for column in COLUMNS)] for name, counts in comparison.categories.items()]
    lines.append(["all", *(total[column] for column in COLUMNS)])
    parts = [f"### {name}\n", markdown_table(["category", *COLUMNS.values()], lines)]
    if comparison.stops:
        parts.append("\nThe official checker stops with: " + _counts(comparison.stops) + ".")
    if comparison.ours_on_code:
        parts.append(
            "\nOur verdicts where the official checker would run code: " + _counts(comparison.ours_on_code) + "."
        )
    groups = [
        *comparison.causes.items(),
        *((f"same verdict, {name}", group) for name, group in comparison.readings.items()),
    ]
    for cause, group in sorted(groups, key=lambda item: -item[1]["count"]):
        parts.append(
            f"\n**{group['count']} times {cause}** ({_counts(group['categories'])}; {_counts(group['kinds'])})\n"
        )
        parts += [f"- `{example['id']}`: `{_short(example['text'])}`" for example in group["examples"]]
    return "\n".join(parts) + "\n"


def _counts(counts: Counter) -> str:
    return ", ".join(f"{key} {count}" for key, count in counts.most_common(8))


def _short(text: str) -> str:
    shown = ascii(text)
    return shown if len(shown) <= EXAMPLE_LENGTH else shown[:EXAMPLE_LENGTH] + "…"


def as_json(comparison: Comparison) -> dict:
    return {
        "categories": comparison.categories,
        "official_stops": comparison.stops,
        "ours_where_official_runs_code": comparison.ours_on_code,
        "differences": comparison.differences,
        "causes": comparison.causes,
        "readings": comparison.readings,
    }
