"""The page's sections on models that were asked: accuracy, skills, and answers that changed.

In: [`Model`]s and [`Comparison`]s. Out: HTML of each section, or a line that says which command would bring what it needs.
"""

from collections.abc import Sequence

from funreason_trl.evaluation.bfcl.rows import CATEGORIES
from funreason_trl.evaluation.bfcl.scores import AGGREGATES, Difference
from funreason_trl.evaluation.table import BFCL_COLUMNS, PUBLISHED

from .bfcl_answers import Answer
from .parts import cards, missing, point_key, section, table, titled
from .pictures import Points, accuracies_picture
from .scores import HELD_OUT, SKILLS, Changed, Comparison, Model, Score
from .text import percent, safe, words


ROLES = {"base": "base", "SFT": "SFT", "run": "this run"}


def accuracy(models: Sequence[Model], comparisons: Sequence[Comparison]) -> str:
    """Accuracy by aggregate and category with 95% intervals, beside the published rows."""
    calling = [model for model in models if any(name not in SKILLS for name in model.scores)]
    if not calling:
        body = missing("There are no scores.", "funreason eval --model RUN --base BASE --output RUN/eval")
        return section("accuracy", "Call accuracy", body)
    names = {name for model in calling for name in model.scores}
    headline = [name for name in BFCL_COLUMNS if name in AGGREGATES and name in names]
    categories = [name for name in (*CATEGORIES, HELD_OUT) if name in names]
    others = [name for name in AGGREGATES if name in names and name not in headline]
    pictures = []
    points = _points(calling)
    published = _published(headline)
    if headline:
        pictures.append(titled("Together", accuracies_picture("Accuracy together", headline, points + published)))
    if categories:
        pictures.append(titled("By category", accuracies_picture("Accuracy by category", categories, points)))
    body = _key(points + published) + cards(pictures)
    body += _scores_table(calling, [*headline, *categories, *others], "Accuracy")
    body += "".join(_differences(one, [*headline, *categories, *others]) for one in comparisons)
    intro = "Share of the rows that were answered rightly by BFCL's rules, with 95% intervals."
    if published:
        intro += " Published figures are of models of 7 billion parameters on the whole benchmark, in other runs."
    limits = {str(model.settings["limit"]) for model in calling if model.settings.get("limit")}
    if limits:
        intro += f" Here at most {' or '.join(sorted(limits))} rows of each category were asked."
    return section("accuracy", "Call accuracy", body, intro)


def skills(models: Sequence[Model], comparisons: Sequence[Comparison]) -> str:
    """HumanEval and MBPP before and after, as far as they were run."""
    skilled = [model for model in models if any(name in model.scores for name in SKILLS)]
    if not skilled:
        command = "funreason eval --model RUN --base BASE --benchmarks humaneval mbpp --output RUN/skills"
        return section("skills", "Skills kept", missing("There are no scores of coding problems.", command))
    found = [name for name in SKILLS if any(name in model.scores for model in skilled)]
    points, published = _points(skilled), _published(found)
    picture = titled("Problems solved at the first try", accuracies_picture("Skills kept", found, points + published))
    body = _key(points + published) + cards([picture]) + _scores_table(skilled, found, "Solved")
    body += "".join(_differences(one, found) for one in comparisons)
    return section(
        "skills",
        "Skills kept",
        body,
        "What training on calls alone is known to cost: coding problems that are solved.",
    )


def changes(comparisons: Sequence[Comparison]) -> str:
    """Answers that became right, and that became wrong, with their reasoning."""
    shown = [one for one in comparisons if one.gained or one.lost]
    if not comparisons:
        command = "funreason eval --model RUN --base BASE --output RUN/eval"
        return section("changes", "Answers that changed", missing("There are no answers of two models.", command))
    if not shown:
        return section("changes", "Answers that changed", "<p>No answer went from wrong to right or back.</p>")
    return section("changes", "Answers that changed", "".join(map(_comparison, shown)))


def _comparison(one: Comparison) -> str:
    title = f"From {one.before.name} to {one.after.name}"
    said = (
        f"Of {one.common:,} rows that both answered, {one.gained:,} went from wrong to right and {one.lost:,} from right to "
        "wrong."
    )
    if one.differing:
        said += f" The two were asked with different {' and '.join(map(words, one.differing))}."
    groups = []
    for what, count, answers in (
        ("From wrong to right", one.gained, one.gained_answers),
        ("From right to wrong", one.lost, one.lost_answers),
    ):
        if not count:
            continue
        # What was gained stands open, so that a page begins with something to read.
        opened = " open" if what == "From wrong to right" else ""
        number = f"{len(answers)} of {count:,}" if len(answers) < count else f"{count:,}"
        inner = "".join(_changed(change, one) for change in answers)
        if not answers:
            inner = missing(
                "The answers are not beside the scores.", "funreason eval --output DIR, in an empty folder,"
            )
        groups.append(
            f'<details{opened}><summary>{what}: {number}</summary><div class="answers">{inner}</div></details>'
        )
    return f'<h3>{safe(title)}</h3><p class="muted">{safe(said)}</p>{"".join(groups)}'


def _changed(change: Changed, comparison: Comparison) -> str:
    question = f"<h4>{safe(change.question.text)}</h4>" if change.question.text else ""
    gold = (
        f'<p class="muted">right: <code>{safe(change.question.gold, 500)}</code></p>' if change.question.gold else ""
    )
    right_after = comparison.after.verdicts[change.category][change.id]
    return (
        f'<article class="card answer"><header><span class="tag">{safe(words(change.category))}</span>'
        f'<span class="muted">{safe(change.id, 120)}</span></header>{question}{gold}<div class="two">'
        f"{_answer(change.before, comparison.before.name, not right_after)}"
        f"{_answer(change.after, comparison.after.name, right_after)}</div></article>"
    )


def _answer(answer: Answer, name: str, right: bool) -> str:
    verdict = "right" if right else "wrong"
    mistake = f'<p class="muted">{safe(answer.mistake, 400)}</p>' if answer.mistake and not right else ""
    thought = (
        f'<details><summary>Reasoning</summary><pre class="thought">{safe(answer.reasoning, 2500)}</pre></details>'
        if answer.reasoning
        else '<p class="muted">no reasoning</p>'
    )
    written = safe(answer.result) or "(nothing)"
    return f'<div class="{verdict}"><b>{verdict}</b> <span class="muted">{safe(name, 120)}</span><pre>{written}</pre>{mistake}{thought}</div>'


def _points(models: Sequence[Model]) -> list[Points]:
    return [Points(place, _named(model), model.scores) for place, model in enumerate(models)]


def _published(rows: Sequence[str]) -> list[Points]:
    """The paper's, which have no intervals."""
    found: list[Points] = []
    for name, scores in PUBLISHED.items():
        known = {row: Score(scores[row], scores[row], scores[row], 0) for row in rows if row in scores}
        if known:
            found.append(Points(len(found), name, known, published=True))
    return found


def _named(model: Model) -> str:
    role = ROLES.get(model.role, "")
    return f"{model.name} ({role})" if role else model.name


def _key(points: Sequence[Points]) -> str:
    return point_key([(point.place, point.name, point.published) for point in points])


def _scores_table(models: Sequence[Model], names: Sequence[str], title: str) -> str:
    """A column for each model: value, interval and rows."""
    points = [*_points(models), *_published(names)]
    rows = [[safe(words(name)), *(_score(point, name) for point in points)] for name in names]
    inner = table(["", *(point.name for point in points)], rows)
    return f"<details><summary>{safe(title)} as a table</summary>{inner}</details>"


def _score(point: Points, name: str) -> str:
    if name not in point.scores:
        return ""
    score = point.scores[name]
    if point.published:
        return percent(score.value, 1)
    bounds = f"{100 * score.low:.1f} to {100 * score.high:.1f}, of {score.count:,}"
    return f"{percent(score.value, 1)}<br><small>{bounds}</small>"


def _differences(one: Comparison, names: Sequence[str]) -> str:
    rows = [[safe(words(name)), *_difference(one.differences[name])] for name in names if name in one.differences]
    if not rows:
        return ""
    title = f"{one.after.name} less {one.before.name}, row by row"
    return f"<details><summary>{safe(title)}</summary>{table(['', 'points', '95% interval', 'rows'], rows)}</details>"


def _difference(one: Difference) -> list[str]:
    clear = one.low > 0 or one.high < 0
    value = f"{100 * one.value:+.1f}"
    interval = f"{100 * one.low:+.1f} to {100 * one.high:+.1f}"
    return [f"<b>{value}</b>" if clear else value, interval, f"{one.count:,}"]
