"""What a round did, for people and for files: figures, a table of answers, the rows.

In: a played [`~funreason_trl.refinement.rounds.Round`]. Out: [`figures`], [`warnings_of`], [`write_rows`],
[`show_answers`].
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from funreason_trl.building.build import BUILT_FEATURES
from funreason_trl.building.funnel import funnel_dict
from funreason_trl.building.provenance import record_of
from funreason_trl.building.shards import ShardWriter
from funreason_trl.data.rows import message_calls
from funreason_trl.fcdr.pipeline import Inspected
from funreason_trl.fcdr.rules import RULES
from funreason_trl.fcdr.verdicts import Outcome, Stage

from .rollouts import Asked
from .rounds import Round


# A round in which thinking has shrunk or grown by this factor, or in which this share of the answers is one and the same
# or calls nothing (where that is more than before), has probably collapsed.
LENGTH_FACTOR = 3.0
LARGEST_SHARE = 0.9


def figures(played: Round) -> dict[str, float]:
    """
    The figures of a round, by name.

    Returns:
        `dict[str, float]`: `rows`, `answers`, `tokens`, `accepted_rows` and `accepted_answers` (shares), for each stage
        the share that it passed of what it saw (`passed/<stage>`), `equals_gold` (of the rows with gold calls, the share
        of answers whose calls are these by the fourth stage's rules, whatever became of the answer before that stage),
        `errors` (answers on which a judge gave no verdict), `think_length` (mean, in characters), `no_call` and
        `distinct` (shares of the answers), `seconds/...`, `tokens_per_second` (of what was not in the journal).
    """
    answers = [answer for row in played.inspected for answer in row]
    if not answers:
        return {"rows": 0, "answers": 0, "tokens": 0, **_seconds(played)}
    kept = [answer for answer in answers if answer.status == "kept"]
    with_gold = [answer for answer in answers if answer.candidate.gold]
    verdicts = played.tally.verdicts
    passed = {}
    for stage in Stage:
        seen = sum(verdicts[stage, outcome] for outcome in Outcome)
        if seen:
            passed[f"passed/{stage}"] = (verdicts[stage, Outcome.PASS] + verdicts[stage, Outcome.SAVE]) / seen
    figures = {
        "rows": len(played.inspected),
        "answers": len(answers),
        "tokens": played.tokens,
        "accepted_rows": fmean(any(answer.status == "kept" for answer in row) for row in played.inspected),
        "accepted_answers": len(kept) / len(answers),
        **passed,
        "errors": sum(answer.status == "error" for answer in answers),
        "think_length": fmean(len(_thinking(answer)) for answer in answers),
        "no_call": fmean(not _calls(answer) for answer in answers),
        "distinct": len({answer.candidate.text for answer in answers}) / len(answers),
        **_seconds(played),
        "tokens_per_second": played.tokens_now / max(played.seconds["rollout"], 1e-9),
    }
    if with_gold:
        figures["equals_gold"] = fmean(_calls_are_right(answer) for answer in with_gold)
    return figures


def _seconds(played: Round) -> dict[str, float]:
    return {f"seconds/{part}": seconds for part, seconds in played.seconds.items()}


def figures_of_gold(asked: Sequence[Asked]) -> dict[str, float]:
    """What the first round is compared with: `think_length` and `no_call` of the rows' own answers."""
    answers = [last for question in asked if (last := question.row["messages"][-1])["role"] == "assistant"]
    if not answers:
        return {"think_length": 0.0, "no_call": 0.0}
    return {
        "think_length": fmean(len(answer.get("reasoning_content", "")) for answer in answers),
        "no_call": fmean(not message_calls(answer) for answer in answers),
    }


def funnel(played: Round) -> dict[str, Any]:
    """Verdicts and reasons of the five stages, as in a built dataset's `stats.json`."""
    return funnel_dict(played.tally, Counter())["stages"]


def warnings_of(now: dict[str, float], before: dict[str, float]) -> list[str]:
    """
    Signs that the model has collapsed.

    Args:
        now (`dict[str, float]`): [`figures`] of this round.
        before (`dict[str, float]`): Of the round before, or [`figures_of_gold`].
    """
    if not now.get("answers"):
        return []
    found = []
    if now["distinct"] < 1 - LARGEST_SHARE and now["answers"] >= 10:
        found.append(f"only {now['distinct']:.0%} of the answers are different from one another")
    if now["no_call"] > LARGEST_SHARE and now["no_call"] > before["no_call"]:
        found.append(f"{now['no_call']:.0%} of the answers call nothing ({before['no_call']:.0%} before)")
    old, new = before["think_length"], now["think_length"]
    if old and not 1 / LENGTH_FACTOR < (new or 1e-9) / old < LENGTH_FACTOR:
        found.append(f"thoughts have {new:.0f} characters on average ({old:.0f} before)")
    return found


def write_rows(folder: Path, played: Round, accepted: list[list[Inspected]]) -> None:
    """The answers of a round as a dataset that `load_dataset` reads: `train` is what is trained on, `rejected` the rest."""
    chosen = {id(answer) for answers in accepted for answer in answers}
    writers = {split: ShardWriter(folder, split, BUILT_FEATURES) for split in ("train", "rejected")}
    for row in played.inspected:
        for answer in row:
            record = record_of(answer)
            record["provenance"]["status"] = answer.status
            writers["train" if id(answer) in chosen else "rejected"].add(record)
    for writer in writers.values():
        writer.finish()


def answers_table(played: Round, count: int) -> list[dict[str, str]]:
    """A few answers, one of a row, passed and turned down ones in turn."""
    firsts = [row[0] for row in played.inspected if row]
    passed = [answer for answer in firsts if answer.status == "kept"]
    others = [answer for answer in firsts if answer.status != "kept"]
    in_turn = [answer for pair in zip(passed, others, strict=False) for answer in pair]
    shown = [*in_turn, *passed[len(others) :], *others[len(passed) :]][:count]
    return [
        {
            "query": _last_query(answer),
            "answer": answer.candidate.text,
            "verdict": _verdict(answer),
        }
        for answer in shown
    ]


def show_answers(rows: list[dict[str, str]], title: str) -> None:
    table = Table("query", "answer", "verdict", title=title, show_lines=True)
    for row in rows:
        # As text: square brackets of a call are not markup.
        table.add_row(*(_plain(row[column]) for column in ("query", "answer", "verdict")))
    Console(stderr=True).print(table)


def _plain(text: str, longest: int = 600) -> Text:
    return Text(text if len(text) <= longest else text[: longest - 1] + "…")


def _verdict(answer: Inspected) -> str:
    last = answer.verdicts[-1]
    return (
        answer.status if answer.status == "kept" else f"{answer.status}: {last.stage} {last.reason}: {last.evidence}"
    )


def _last_query(answer: Inspected) -> str:
    queries = [message["content"] for message in answer.candidate.row["messages"] if message["role"] == "user"]
    return queries[-1] if queries else ""


def _thinking(answer: Inspected) -> str:
    return answer.candidate.row["messages"][-1].get("reasoning_content", "")


def _calls(answer: Inspected) -> list:
    return message_calls(answer.candidate.row["messages"][-1])


def _calls_are_right(answer: Inspected) -> bool:
    rule = RULES[Stage.FUNCTION_AND_PARAMETER]
    return bool(_calls(answer)) and rule(answer.candidate).outcome is Outcome.PASS


def log_table(report_to: list[str], rows: list[dict[str, str]]) -> None:
    """The table in the trackers that know tables, if their run is open."""
    if "wandb" in report_to:
        import pandas
        import wandb

        if wandb.run is not None:
            wandb.log({"refinement_answers": wandb.Table(dataframe=pandas.DataFrame(rows))})
    if "trackio" in report_to:
        import pandas
        import trackio

        # `mode="append"` plays rounds between trainings, each of which has a run of its own.
        if trackio.context_vars.current_run.get() is not None:
            trackio.log({"refinement_answers": trackio.Table(dataframe=pandas.DataFrame(rows))})
