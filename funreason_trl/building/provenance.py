"""The record of an inspected row: its columns, and in `provenance` everything that was said about it.

In: [`Inspected`] rows. Out: [`record_of`], a row of the dataset; [`brief`], a verdict as the provenance has it.
"""

from typing import Any

from funreason_trl.fcdr.judge_prompts import prompt_version
from funreason_trl.fcdr.pipeline import Inspected
from funreason_trl.fcdr.verdicts import Verdict


COLUMNS = ("messages", "tools", "id", "source")


def record_of(inspected: Inspected) -> dict[str, Any]:
    """
    A row of the dataset.

    `provenance` holds `round` (0, and one more each time that the hard pool is sampled again), `verdicts`, and where they
    apply `regenerations`, `gold` (the source's own calls, where the answer is another's), `answer` (teacher, number and
    scores of the samples), `text` (what was turned down, as it was written) and `earlier` (the provenance of the rounds
    before).

    Args:
        inspected ([`Inspected`]): A row that came to a verdict.

    Returns:
        `dict`: `messages`, `tools`, `id`, `source`, `provenance`.
    """
    candidate = inspected.candidate
    answer = {key: value for key, value in candidate.details.items() if key not in ("round", "earlier")}
    provenance: dict[str, Any] = {
        "round": candidate.details.get("round", 0),
        "verdicts": [brief(verdict) for verdict in inspected.verdicts],
    }
    if inspected.regenerations:
        provenance["regenerations"] = inspected.regenerations
    if candidate.gold is not None:
        provenance["gold"] = [{"name": call.name, "arguments": call.arguments} for call in candidate.gold]
    if answer:
        provenance["answer"] = answer
    if inspected.status != "kept":
        provenance["text"] = candidate.text
    if "earlier" in candidate.details:
        provenance["earlier"] = candidate.details["earlier"]
    return {**{key: candidate.row[key] for key in COLUMNS}, "provenance": provenance}


def brief(verdict: Verdict) -> dict[str, Any]:
    """The verdict without what is empty; a model's with the version of the prompt that it was given."""
    content = {key: value for key, value in vars(verdict).items() if value not in ("", None)}
    return {**content, "prompt": prompt_version(verdict.stage)} if verdict.raw else content
