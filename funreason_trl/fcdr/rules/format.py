"""Stage 5, format: one `<think>…</think>`, then the calls once as a python list, and nothing around them.

In: a candidate, whose `text` is looked at. Out: pass, or regenerate. Rules decide this stage alone.

    <think>The user asks ...</think>\\n\\n[get_weather(city='Oslo')]

The calls are read by our reader and by BFCL's rules; both must give the calls of the row. BFCL's can't read names with
spaces or dashes, or parameters named like `from`, which real tools have; such calls our reader judges alone. A text
whose start tag stands in the prompt gets it back before it comes here.
"""

import json
import keyword
import re

from funreason_trl.calls import Call, CallSyntaxError, parse_calls, render_calls
from funreason_trl.data.rows import THINK_END, THINK_START
from funreason_trl.evaluation.bfcl.decoding import decode_answer
from funreason_trl.evaluation.bfcl.errors import DecodingError
from funreason_trl.fcdr.rules.reading import answer_calls, reasoning_text
from funreason_trl.fcdr.rules.reasons import FormatReason
from funreason_trl.fcdr.verdicts import Candidate, Outcome, Stage, Verdict
from funreason_trl.tools.normalize import brief


_LIST_OF_CALLS = re.compile(r"\[\s*[^\s\[\]{}\"']")
_TAG = re.compile(r"</?think>")


def check_format(candidate: Candidate) -> Verdict:
    """
    Check how the answer is written, not what it says.

    Args:
        candidate ([`Candidate`]): Its row's last turn is what `text` should hold.

    Returns:
        [`Verdict`]: `PASS` or `REGENERATE`; `DROP` for calls that nobody can write in this form.
    """
    calls = answer_calls(candidate)
    try:
        render_calls(calls)
    except ValueError as error:
        return Verdict(Stage.FORMAT, Outcome.DROP, FormatReason.NO_PYTHON_FORM, brief(str(error)))
    if candidate.text.count(THINK_END) > 1 or candidate.text.count(THINK_START) > 1:
        return _regenerate(FormatReason.STRAY_TAG, "more than one pair of tags")
    text = candidate.text.strip()
    thought, closed, answer = text.rpartition(THINK_END)
    if not closed:
        thought, answer = "", text
    if reasoning_text(candidate) and not (closed and thought.startswith(THINK_START)):
        return _regenerate(FormatReason.NO_THINK, f"the text begins with {brief(text[:40])}")
    if _TAG.search(answer) or (closed and not thought.startswith(THINK_START)):
        return _regenerate(FormatReason.STRAY_TAG, "a tag without its partner")
    return _check_calls(answer.strip(), calls) if calls else _check_words(answer.strip())


def _regenerate(reason: FormatReason, evidence: str) -> Verdict:
    return Verdict(Stage.FORMAT, Outcome.REGENERATE, reason, evidence)


def _check_calls(answer: str, calls: list[Call]) -> Verdict:
    if answer.startswith("```"):
        return _regenerate(FormatReason.FENCED, f"the calls stand in a fence: {brief(answer[:60])}")
    if not _LIST_OF_CALLS.match(answer) or not answer.endswith("]"):
        shown = f"{brief(answer[:50])} … {brief(answer[-50:])}"
        return _regenerate(FormatReason.NO_LIST, f"not one python list of calls: {shown}")
    try:
        read = parse_calls(answer)
    except CallSyntaxError as error:
        return _regenerate(FormatReason.UNPARSABLE, brief(str(error)))
    if _canonical(read) != _canonical(calls):
        return _regenerate(FormatReason.OTHER_CALLS, f"reads as {brief(read)}, but the row calls {brief(calls)}")
    if not all(map(_is_decodable, calls)):
        return Verdict(Stage.FORMAT, Outcome.PASS)
    try:
        decoded = decode_answer(answer)
    except DecodingError as error:
        return _regenerate(FormatReason.UNPARSABLE, f"not by BFCL's rules: {brief(str(error))}")
    if decoded != calls:
        return _regenerate(FormatReason.OTHER_CALLS, f"by BFCL's rules reads as {brief(decoded)}")
    return Verdict(Stage.FORMAT, Outcome.PASS)


def _check_words(answer: str) -> Verdict:
    if not answer:
        return _regenerate(FormatReason.NOT_WORDS, "nothing after the thought")
    try:
        calls = parse_calls(answer)
    except CallSyntaxError:
        return Verdict(Stage.FORMAT, Outcome.PASS)
    return _regenerate(FormatReason.NOT_WORDS, f"the row answers in words, the text calls {brief(calls)}")


def _canonical(calls: list[Call]) -> str:
    """Unlike `==`, tells 1 from 1.0 and from True."""
    return json.dumps([(call.name, call.arguments) for call in calls], sort_keys=True)


def _is_decodable(call: Call) -> bool:
    """Whether Python itself could read the names of the call, which BFCL's rules ask for."""
    names = [*call.name.split("."), *call.arguments]
    return all(name.isidentifier() and not keyword.iskeyword(name) for name in names)
