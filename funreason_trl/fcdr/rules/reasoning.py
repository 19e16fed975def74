"""Stage 3, reasoning: does the thought start from this query and lead to this answer?

In: a candidate. Out: pass, or drop: a model must not learn to call something other than it has concluded.

Measured on `cot_calls.jsonl`: a row's own reasoning has 83% of the words of its query or more in three rows out of four
and never less than 23%, that of another row 8% in the median; a row's own has all values of the calls in nine of ten.
One row in five speaks of "the original output": its reasoning was rewritten by a model that was shown the answer.

What is said in words is understood in English alone. Queries and thoughts in another script pass wherever such words
decide: they are compared by names and values that stand there literally, and never rejected for not being English.
"""

import re
from collections.abc import Iterable
from typing import Any

from funreason_trl.calls import Call
from funreason_trl.data.rows import THINK_END, THINK_START
from funreason_trl.fcdr.rules.reading import (
    answer_calls,
    answer_message,
    earlier_messages,
    is_named,
    parameters_of,
    reasoning_text,
    tool_names,
    tools_text,
)
from funreason_trl.fcdr.rules.reasons import ReasoningReason
from funreason_trl.fcdr.rules.values import SourceText, digits, leaves, squeeze
from funreason_trl.fcdr.verdicts import Candidate, Outcome, Stage, Verdict
from funreason_trl.tools.normalize import brief


# A query of fewer content words than this can be thought about in quite other words, and a thought of fewer than this
# speaks of no dialogue at all.
MIN_QUERY_WORDS = 4
MIN_THOUGHT_WORDS = 5
# Share of the query's content words below which a thought that has none of the values is about something else.
MIN_SHARED_WORDS = 0.25

# Where a thought concludes, in characters from its end.
CONCLUSION_CHARS = 400
MAX_QUERY_CHARS = 20_000
# Longest item of a list that may end a thought without a full stop.
MAX_ITEM_CHARS = 120

_WORD = re.compile(r"[^\W\d_]{4,}|\d+(?:\.\d+)?")
_COMMON_WORDS = re.compile(
    r"about|also|been|could|does|find|from|give|have|help|here|into|just|know|like|make|more|need|please|show|some"
    r"|sure|tell|than|that|them|then|there|they|this|user|using|want|what|when|where|which|will|with|would|your"
)
# The last character of a thought that goes on; not every script ends sentences with a full stop.
_GOES_ON = re.compile(r"(?:[A-Za-z0-9_,;(\[{<=+&/\u2013\u2014-]|(?<=[\s(\[=])[\"'`])\Z")
_LIST_ITEM = re.compile(r"\s{0,20}(?:[-*•#>]|\d{1,3}[.)]|[`'\"*]{0,3}\w[\w .-]{0,40}[`'\"*]{0,3}\s?[:=])")
# What models say of a task to rewrite reasoning, or of an answer that they were shown.
_ANSWERS = ("answer", "call", "output", "response", "tool call", "tool_call")
_SHOWN_ANSWER = (
    *("ground truth", "ground-truth", "think field", "think section", "reference solution"),
    *(f"{kind} {what}" for kind in ("reference", "gold") for what in _ANSWERS),
)
# Of an answer that may also be an earlier turn.
_EARLIER_ANSWER = tuple(f"original {what}" for what in (*_ANSWERS, "think", "thought"))
_NUMERAL = re.compile(r"-?\d+(?:\.\d+)?")
_VERB = r"(?:call|use|invoke|choose|select|apply|pick|try)(?:ing|s)?"
_NEGATED = re.compile(
    r"(?:\bnot|n't|\bnever|\bwithout|\bno need|\binstead of|\brather than|\bcan ?not|\bavoid)\b[^.;\n]{0,40}\Z",
    re.IGNORECASE,
)
_NO_CALL = re.compile(
    r"\b(?:call|use|invoke) (?:nothing|none of|no (?:tools?|functions?)\b)"
    r"|\b(?:not|n't|cannot|never) (?:call|use|invoke) (?:any|either|one of|a|the) (?:of the )?(?:tools?|functions?)\b"
    r"|\bno (?:tool|function) (?:call|is called|can be called|fits)\b",
    re.IGNORECASE,
)


def check_reasoning(candidate: Candidate) -> Verdict:
    """
    Look for a thought that is missing, cut off, about another answer or dialogue, or against the answer.

    A row without reasoning gets `MISSING`, also where its source has none: a pipeline with a teacher asks it then.

    Args:
        candidate ([`Candidate`]): With calls or words as its answer.

    Returns:
        [`Verdict`]: `PASS` or `DROP`.
    """
    thought = reasoning_text(candidate)
    if candidate.text.lstrip().startswith(THINK_START) and THINK_END not in candidate.text:
        return _drop(ReasoningReason.NOT_CLOSED, f"the text begins with {THINK_START} and has no {THINK_END}")
    if not thought:
        return _drop(ReasoningReason.MISSING, "no thought before the answer")
    calls, text = answer_calls(candidate), SourceText(thought)
    if _is_cut_off(thought, text):
        return _drop(ReasoningReason.CUT_OFF, f"the thought ends in {brief(thought[-40:])}")
    for check in (_other_answer, _other_dialogue, _unnamed_function, _contradicted_function, _contradicted_value):
        verdict = check(candidate, calls, text)
        if verdict is not None:
            return verdict
    return Verdict(Stage.REASONING, Outcome.PASS)


def _is_in_other_script(text: SourceText) -> bool:
    """Prose with names and values of the Latin script in it, rather than the other way round."""
    return text.other_letters * 10 > len(text.lower)


def _drop(reason: ReasoningReason, evidence: str) -> Verdict:
    return Verdict(Stage.REASONING, Outcome.DROP, reason, evidence)


def _is_cut_off(thought: str, text: SourceText) -> bool:
    """A sentence that stops in its middle, or a fence that is never closed; an item of a list may end anyhow."""
    if thought.count("```") % 2:
        return True
    if not _GOES_ON.search(thought, len(thought) - 2) or (_is_in_other_script(text) and thought[-1].isalnum()):
        return False
    _, broken, last_line = thought.rpartition("\n")
    return not broken or len(last_line) > MAX_ITEM_CHARS or _LIST_ITEM.match(last_line) is None


# --- about something else --------------------------------------------------------------------------------------------


def _other_answer(candidate: Candidate, calls: list[Call], text: SourceText) -> Verdict | None:
    """It was written to fit an answer that it had before it, and says so; unless others speak of the same."""
    turns = earlier_messages(candidate)
    phrases = _SHOWN_ANSWER
    if all(turn["role"] != "assistant" for turn in turns):
        phrases += _EARLIER_ANSWER
    said = next((phrase for phrase in phrases if phrase in text.lower), None)
    if said is None or said in SourceText(*(turn["content"] for turn in turns), tools_text(candidate)).lower:
        return None
    place = text.lower.find(said)
    around = text.lower[max(0, place - 40) : place + 60]
    return _drop(
        ReasoningReason.OTHER_ANSWER, f"the thought speaks of an answer that was shown to it: {brief(around)}"
    )


def _other_dialogue(candidate: Candidate, calls: list[Call], text: SourceText) -> Verdict | None:
    """Next to none of the query's words, and not one of the values."""
    query = next((turn["content"] for turn in reversed(earlier_messages(candidate)) if turn["role"] == "user"), "")
    wanted = _content_words(query[:MAX_QUERY_CHARS].lower())
    # A thought is often in English, whatever the query is.
    if len(wanted) < MIN_QUERY_WORDS or not all(word.isascii() for word in wanted):
        return None
    thought = _content_words(text.lower)
    if len(thought) < MIN_THOUGHT_WORDS:
        return None
    share = len(wanted & thought) / len(wanted)
    if share >= MIN_SHARED_WORDS:
        return None
    values = [value for call in calls for _, value in leaves(call.arguments) if not isinstance(value, bool)]
    if any(_is_written(value, text) for value in values):
        return None
    if not values and any(is_named(name, text) for name in {call.name for call in calls} or tool_names(candidate)):
        return None
    shown = f"of {len(wanted)} words of the query, the thought has {share:.0%}"
    return _drop(ReasoningReason.OTHER_DIALOGUE, f"{shown}, and none of the values: {brief(text.lower)}")


def _content_words(text: str) -> set[str]:
    """Numbers, and the beginnings of words that aren't found in any request."""
    return {word[:5] for word in _WORD.findall(text) if not _COMMON_WORDS.fullmatch(word)}


def _is_written(value: Any, text: SourceText) -> bool:
    """Whether a value of a call stands in a thought as it is in the call; stricter than `values.occurs`."""
    if isinstance(value, float) and digits(repr(abs(value)).removesuffix(".0")) in text.numbers:
        return True
    written = "null" if value is None else str(value)[:2000].strip().lower() if _is_short(value) else ""
    if written in text.lower or (len(squeeze(written)) > 2 and squeeze(written) in text.squeezed):
        return True
    return "," in written and all(part.strip() in text.lower for part in written.split(","))


def _is_short(value: Any) -> bool:
    return not isinstance(value, int) or abs(value) < 10**30


# --- against the answer ----------------------------------------------------------------------------------------------


def _unnamed_function(candidate: Candidate, calls: list[Call], text: SourceText) -> Verdict | None:
    names = list(dict.fromkeys(call.name for call in calls))
    if not names or any(is_named(name, text) for name in names) or _is_in_other_script(text):
        return None
    # "The tool" may do where its parameters are spelled out.
    parameters = {str(name).lower() for call in calls for name in call.arguments}
    if len(parameters) > 1 and all(len(name) > 4 and name in text.lower for name in parameters):
        return None
    return _drop(ReasoningReason.UNNAMED_FUNCTION, f"the thought does not name {brief(names)}")


def _contradicted_function(candidate: Candidate, calls: list[Call], text: SourceText) -> Verdict | None:
    """The end of the thought decides: another function than those called, none, or some where the answer has none."""
    end = reasoning_text(candidate)[-CONCLUSION_CHARS:]
    called = {call.name for call in calls}
    listed = set(tool_names(candidate))
    concluded = {name: _is_concluded(name, end) for name in called | listed if name.lower() in end.lower()}
    last = _last_sentence(end)
    if not calls:
        named = next((name for name, said in concluded.items() if said and _is_decided(name, last)), None)
        if named is None or answer_message(candidate).get("content", "").find(named) >= 0:
            return None
        return _drop(ReasoningReason.CONTRADICTS_FUNCTION, f"concludes to call {brief(named)}, but nothing is called")
    if _NO_CALL.search(last):
        return _drop(ReasoningReason.CONTRADICTS_FUNCTION, f"concludes not to call anything: {brief(last[-100:])}")
    denied = next((name for name in called if _is_denied(name, last)), None)
    if denied is not None:
        return _drop(ReasoningReason.CONTRADICTS_FUNCTION, f"concludes not to call {brief(denied)}, which is called")
    other = next((name for name, said in concluded.items() if said and name not in called), None)
    # The last sentence has the last word; before it, to name a called function is enough.
    zone = SourceText(last if other is not None and _is_concluded(other, last) else end)
    if other is None or any(is_named(name, zone) for name in called):
        return None
    evidence = f"concludes to call {brief(other)}, but {brief(sorted(called))} is called"
    return _drop(ReasoningReason.CONTRADICTS_FUNCTION, evidence)


def _last_sentence(end: str) -> str:
    return re.split(r"(?<=[.!?])\s+|\n", end.strip())[-1]


def _is_concluded(name: str, end: str) -> bool:
    """Whether "call NAME" or the like is said, and not in the negative."""
    return any(_NEGATED.search(end, max(0, found.start() - 60), found.start()) is None for found in _said(name, end))


def _is_denied(name: str, last: str) -> bool:
    return any(_NEGATED.search(last, 0, found.start()) is not None for found in _said(name, last))


def _is_decided(name: str, last: str) -> bool:
    """ "So I call NAME once.", but not "so that I can call NAME" or "before using NAME"."""
    pattern = rf"\bI(?:'ll| will| should| must| need to)? {_VERB} (?:the )?[`'\"*]{{0,3}}{re.escape(name)}(?!\w)"
    return re.search(pattern, last) is not None and not re.search(
        r"\b(?:if|once (?:I|you|we|they|it|the)|before|until|after|unless|so that)\b", last
    )


def _said(name: str, text: str) -> Iterable[re.Match]:
    pattern = rf"\b{_VERB}\b(?: to| with| on)?(?: the| both| this)?(?: tool| function)?[ :]{{1,3}}[`'\"*\[]{{0,3}}{re.escape(name)}(?!\w)"
    return re.finditer(pattern, text, re.IGNORECASE)


def _contradicted_value(candidate: Candidate, calls: list[Call], text: SourceText) -> Verdict | None:
    """
    A parameter to which the thought gives another value, while the call's own is nowhere: in all of the thought, or, as
    thoughts change their mind, in its last sentence.
    """
    conclusion = SourceText(_last_sentence(text.lower[-CONCLUSION_CHARS:]))
    given: dict[str, list[Any]] = {}
    for call in calls:
        for name, value in call.arguments.items():
            given.setdefault(name, []).append(value)
    for name, values in given.items():
        if not all(map(_is_plain, values)):
            if _gives_other_list(name, values, text):
                evidence = f"{brief(name)} is {brief(values[0])} in the call, of which the thought has nothing"
                return _drop(ReasoningReason.CONTRADICTS_VALUE, evidence)
            continue
        place = conclusion if any(_is_written(value, text) for value in values) else text
        if any(_is_written(value, place) for value in values):
            continue
        defaults = _defaults(candidate, calls, name)
        stated = [
            value for value in _stated(name, place.lower) if _same_kind(value, values[0]) and value not in defaults
        ]
        if stated and not any(_same_value(value, own) for value in stated for own in values):
            evidence = f"{brief(name)} is {brief(values[0])} in the call, but {brief(stated[-1])} in the thought"
            return _drop(ReasoningReason.CONTRADICTS_VALUE, evidence)
    return None


def _gives_other_list(name: str, values: list[Any], text: SourceText) -> bool:
    """Whether the thought gives a list or dict to a parameter, but has none of the values that the call has in it."""
    inner = [leaf for _, leaf in leaves({name: values}) if _is_plain(leaf)]
    if not inner or any(_is_written(leaf, text) for leaf in inner):
        return False
    pattern = rf"(?<!\w){re.escape(name.lower())}[`'\"*]{{0,3}}\s?(?:=|:|is|to|as)\s?[`*]{{0,2}}[\[{{]"
    return re.search(pattern, text.lower) is not None


def _defaults(candidate: Candidate, calls: list[Call], parameter: str) -> set[str]:
    """Defaults of a parameter, which a thought often recalls before it goes on to the value."""
    schemas = [parameters_of(candidate, call.name).get("properties") for call in calls]
    found = [schema.get(parameter) for schema in schemas if isinstance(schema, dict)]
    return {str(schema["default"]).lower() for schema in found if isinstance(schema, dict) and "default" in schema}


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and _is_short(value)


def _stated(name: str, lower: str) -> list[str]:
    """Values that are given to a parameter in so many words: `days is 3`, `city="Oslo"`, `"city": "Oslo"`."""
    pattern = (
        rf"(?<!\w){re.escape(name.lower())}[`'\"*]{{0,3}}\s?(?:=|:|is|to|as|should be|will be|would be|must be)\s?[`*]{{0,2}}"
        r"(?:\"([^\"\n]{1,100})\"|'([^'\n]{1,100})'|(-?\d+(?:\.\d+)?)(?![\w%]))"
    )
    return ["".join(found) for found in re.findall(pattern, lower)]


def _same_value(stated: str, value: Any) -> bool:
    """`170` is `"170.0"`, and "EUR" is part of "EUR,GBP"."""
    own = str(value)
    return squeeze(stated) in squeeze(own) or squeeze(own) in squeeze(stated) or digits(stated) == digits(own)


def _same_kind(stated: str, value: Any) -> bool:
    """Numbers speak against numbers, words against words of the same script; a word may have been made a number."""
    if not isinstance(value, str):
        return _NUMERAL.fullmatch(stated) is not None
    if stated.isascii() != value.isascii():
        return False
    return (_NUMERAL.fullmatch(stated) is None) == (_NUMERAL.fullmatch(value.strip()) is None)
