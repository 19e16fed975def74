"""Stage 1, response: is the reference answer a function call?

In: a candidate. Out: pass for calls, save for a statement in words, regenerate for what is neither.

An answer that tries to call, with prose around the call or a bracket missing, is no statement: saved as it is, it would
teach a model that this query calls nothing. Nor is it dropped, since the attempt shows that the query can be answered.
"""

import re

from funreason_trl.calls import CallSyntaxError, parse_calls
from funreason_trl.fcdr.rules.reading import answer_calls, answer_message, tool_names
from funreason_trl.fcdr.rules.reasons import ResponseReason
from funreason_trl.fcdr.verdicts import Candidate, Outcome, Stage, Verdict
from funreason_trl.tools.normalize import brief


_TAG = re.compile(r"<\|?(?:tool_calls?|function_calls?|python_tag)\b|<function=|\[TOOL_CALLS\]|<\uff5ctool\u2581call")
_JSON = re.compile(
    r"\"name\"\s{0,20}:\s{0,20}\"[^\"\n]{1,200}\"\s{0,20},\s{0,20}\"(?:arguments|parameters)\"\s{0,20}:"
)
_LIST = re.compile(
    r"^\s{0,20}\[\s{0,20}[\w.$/-]{1,100}\((?:\s{0,20}\w{1,60}\s{0,20}=|\s{0,20}\)\s{0,20}[\],])", re.MULTILINE
)
# What follows the name of a listed tool in a call, but not where prose only mentions `the_tool()`.
_ARGUMENT = re.compile(r"\(\s{0,20}(?:[\w-]{1,60}\s{0,20}=(?!=)|[\"'{\[\d])")


def check_response(candidate: Candidate) -> Verdict:
    """
    Tell calls from words.

    Args:
        candidate ([`Candidate`]): Its row's last turn is the answer as it was read.

    Returns:
        [`Verdict`]: `PASS` (calls), `SAVE` (words), `REGENERATE` (neither, words that hide a call, or another's words
            where the source calls something).
    """
    content = answer_message(candidate).get("content", "")
    if candidate.details.get("cut_off"):
        evidence = f"the answer was cut off at its longest length: ...{brief(candidate.text[-60:])}"
        return Verdict(Stage.RESPONSE, Outcome.REGENERATE, ResponseReason.CUT_OFF, evidence)
    if answer_calls(candidate):
        return Verdict(Stage.RESPONSE, Outcome.PASS)
    if not content.strip():
        evidence = "the answer has neither calls nor words"
        return Verdict(Stage.RESPONSE, Outcome.REGENERATE, ResponseReason.EMPTY_ANSWER, evidence)
    hidden = _hidden_call(content, tool_names(candidate))
    if hidden is not None:
        evidence = f"the answer tries to call, but can't be read as calls: {brief(hidden)}"
        return Verdict(Stage.RESPONSE, Outcome.REGENERATE, ResponseReason.HIDDEN_CALL, evidence)
    if candidate.gold:
        expected = ", ".join(call.name for call in candidate.gold)
        evidence = f"words, where the source calls {brief(expected)}: {brief(content)}"
        return Verdict(Stage.RESPONSE, Outcome.REGENERATE, ResponseReason.CALLS_EXPECTED, evidence)
    return Verdict(Stage.RESPONSE, Outcome.SAVE, ResponseReason.WORDS, f"a statement in words: {brief(content)}")


def _hidden_call(content: str, names: list[str]) -> str | None:
    """The place where words turn out to be a call, if they do."""
    try:
        parse_calls(content)
        return content
    except CallSyntaxError:
        pass  # not calls as a whole: perhaps somewhere within
    for pattern in (_TAG, _JSON, _LIST):
        found = pattern.search(content)
        if found:
            return content[found.start() : found.start() + 100]
    for name in names:
        if content.lstrip("[ \n").startswith(name + "(") or f"[{name}(" in content:
            return content
        start = content.find(name + "(")
        # A mention before the call must not hide it, but a thousand of them are no call.
        for _ in range(20):
            if start < 0:
                break
            if _ARGUMENT.match(content, start + len(name)):
                return content[start : start + 100]
            start = content.find(name + "(", start + 1)
    return None
