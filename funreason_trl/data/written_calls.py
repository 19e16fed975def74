"""Calls that stand in an assistant's words, as many published rows have them.

In: the words, and the names of the row's tools. Out: [`calls_in_words`]: the calls, and what words are left.
"""

import re
from collections.abc import Collection

from funreason_trl.calls import Call, CallSyntaxError, parse_calls
from funreason_trl.data.rows import RowError
from funreason_trl.tools.normalize import brief


CALL_TAG = "<tool_call>"
# A block on a line of its own, unlike prose that mentions the tag.
BLOCK_LINE = re.compile(rf"^[ \t]*{CALL_TAG}\s*[\[{{]", re.MULTILINE)


def calls_in_words(words: str, field: str, names: Collection[str]) -> tuple[list[Call], str]:
    """
    Calls that are written into the text: a python list that is the whole answer, calls of the listed tools in any other
    spelling that are the whole answer, or `<tool_call>` blocks up to its end.

    Text that only looks like it is words: "[see the note (below)]", "the tag `<tool_call>` opens a call".
    """
    whole = words.strip()
    if whole.startswith("[") and whole.endswith(")]"):
        try:
            return parse_calls(whole), ""
        except CallSyntaxError as error:
            if _opens_as_call(whole[1:].lstrip(), names):
                raise not_calls(words, error, field) from None
            return [], words
    if whole.startswith(("[", "{", "```", *(f"{name}(" for name in names))):
        try:
            calls = parse_calls(whole)
        except CallSyntaxError:
            calls = []
        # An answer may quote the schema of a tool, in which a call of it would be read.
        quotes = any({"type", "properties"} <= call.arguments.keys() for call in calls)
        if calls and not quotes and all(call.name in names for call in calls):
            return calls, ""
    before, tag, rest = words.partition(CALL_TAG)
    if not tag:
        return [], words
    try:
        return parse_calls(tag + rest), before
    except CallSyntaxError as error:
        # A block on a line of its own is a call gone wrong, and trained on as words it would teach just that.
        if BLOCK_LINE.search(words):
            raise not_calls(words, error, field) from None
        return [], words


def _opens_as_call(text: str, names: Collection[str]) -> bool:
    """Whether it begins with a listed name whose bracket is closed where a list goes on or ends, or is not closed."""
    if not text.startswith(tuple(f"{name}(" for name in names)):
        return False
    depth = 0
    for place, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == ")" and depth == 0:
            return text[place + 1 :].lstrip()[:1] in (",", "]")
    return True


def not_calls(text: str, error: CallSyntaxError, field: str) -> RowError:
    return RowError(field, f"not calls ({error}): {brief(text)}", "write a list of calls")
