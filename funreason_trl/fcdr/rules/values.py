"""Where can a value come from? Searching what was said for the values of a call, with all the ways to write one.

In: texts of a conversation, and values of calls. Out: [`SourceText`], a text to search; [`occurs`], which says no only
where nothing of a value is in the text; [`literal_kind`], whether a value is so peculiar that it can't be guessed.

Values are rarely copied as they stand: "1.5 million" becomes 1500000, "5%" 0.05, "New York" `NYC`, "tomorrow" a date.
So the comparison is generous, and what can't be decided without knowing the world (codes, small numbers, dates,
coordinates) counts as found, and so do all words where a text is written in another than the Latin script, since they
may have been translated. A judge that reads has to look at those.
"""

import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any


# Most values of one call that are looked at, and most characters of one of them.
MAX_LEAVES = 200
MAX_VALUE_CHARS = 2000

# A number of so many digits, zeros at both ends not counted, is neither guessed nor rounded.
LONG_NUMBER_DIGITS = 7

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_]{3,}")
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}")
_LINK = re.compile(r"(?:https?|ftp|wss?)://\S+|www\.\S+", re.IGNORECASE)
_IDENTIFIER = re.compile(r"(?=[\w-]*\d[\w-]*\d)(?=[\w-]*[^\W\d_])[\w-]{6,64}")
_DIGIT_RUN = re.compile(r"\d{3,}")
_NUMERAL = re.compile(r"[+-]?\d+(?:\.\d+)?")
# Dates, times, durations and sizes are derived: "next Friday", "two hours", "full HD".
_DERIVED = re.compile(
    r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?:[T ]\S*)?|\d{1,4}[-/]\d{1,2}(?:[T ]\S*)?|\d{1,2}\.\d{2}|\d{4}(?:-?[WQ]|-)\d{1,2}|(?:19|20)\d{6}(?:T?\d{4,6}Z?)?"
    r"|T?\d{1,2}:\d{2}\S*|T\d{4,6}Z?|P(?:\d{1,4}[YMWD])*(?:T(?:\d{1,4}[HMS])+)?|\d{1,4}[A-Z]{1,3}|\d{1,5}x\d{1,5}\w{0,3}",
    re.IGNORECASE,
)
# Two letters in a row; a single one may be a unit or a symbol.
_OTHER_SCRIPT = re.compile(r"[^\W\d_\u0000-\u024f]{2,}")
# Words that stems are compared by: "running" and "runs" are both "run".
_STEM_CHARS = 4


class SourceText:
    """
    A text in which values are looked for; the views of it are made when first asked for.

    Args:
        parts (`str`): Texts, such as the messages of a conversation.
    """

    def __init__(self, *parts: str):
        self.lower = "\n".join(parts).lower()

    @cached_property
    def squeezed(self) -> str:
        """Letters and digits only, so that `drop_off`, `dropOff` and "drop-off" are one."""
        return squeeze(self.lower)

    @cached_property
    def stems(self) -> set[str]:
        return {word[:_STEM_CHARS] for word in _WORD.findall(self.lower)}

    @cached_property
    def numbers(self) -> set[str]:
        """The digits of each number, as [`digits`] gives them; `1,500` both as one number and as two."""
        found: set[str] = set()
        for number in _NUMBER.findall(self.lower):
            found.add(digits(number))
            if "," in number or "." in number:
                found.update(map(digits, _NUMBER_PARTS.split(number)))
                found.update(map(digits, number.split(",")))  # "46.6,1.8" is a pair
        return found

    @cached_property
    def other_letters(self) -> int:
        """How many letters are Chinese, Cyrillic, Arabic or of another script than the Latin one."""
        return 0 if self.lower.isascii() else sum(map(len, _OTHER_SCRIPT.findall(self.lower)))


_NUMBER_PARTS = re.compile(r"[.,]")


def squeeze(text: str) -> str:
    """`text` in lower case, letters and digits only."""
    return _NOT_ALPHANUMERIC.sub("", text.lower())


def digits(number: str) -> str:
    """What `1,500,000`, `1.5` and `0.015` have in common: "15"."""
    return number.replace(",", "").replace(".", "").strip("0") or "0"


def leaves(arguments: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """
    The values within arguments that are no lists or dicts, each with the name of its parameter.

    Args:
        arguments (`dict`): By parameter name; at most `MAX_LEAVES` values are given.
    """
    left = MAX_LEAVES
    for name, argument in arguments.items():
        stack = [argument]
        while stack and left:
            value = stack.pop()
            if isinstance(value, dict):
                stack.extend(value.values())
            elif isinstance(value, list):
                stack.extend(value)
            else:
                left -= 1
                yield str(name), value


def literal_kind(value: Any) -> str:
    """
    What kind of literal `value` is, if it can only have been copied: `"email"`, `"link"`, `"identifier"` (letters and
    digits mixed), `"long_number"`; else empty.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    if isinstance(value, int):
        value = str(abs(value)) if abs(value) < 10**30 else ""
    text = value.strip()
    if _EMAIL.fullmatch(text):
        return "email"
    if len(text) < MAX_VALUE_CHARS and _LINK.fullmatch(text):
        return "link"
    if _DERIVED.fullmatch(text):
        return ""
    if text.isdecimal():
        return "long_number" if _is_long(text) else ""
    return "identifier" if _IDENTIFIER.fullmatch(text) else ""


def _is_long(number: str) -> bool:
    return LONG_NUMBER_DIGITS <= len(digits(number.lstrip("-"))) <= 30


def literals(text: SourceText, kind: str) -> set[str]:
    """
    The literals of a kind that stand in `text`, in lower case.

    Args:
        text ([`SourceText`]): Where to look.
        kind (`str`): As [`literal_kind`] gives it.
    """
    if kind == "email":
        return set(_EMAIL.findall(text.lower))
    if kind == "link":
        return set(_LINK.findall(text.lower))
    if kind == "long_number":
        return {number for number in _NUMBER.findall(text.lower) if _is_long(number)}
    return {word for word in _IDENTIFIER_WORD.findall(text.lower) if _IDENTIFIER.fullmatch(word)}


_IDENTIFIER_WORD = re.compile(r"[\w-]{6,64}")


def occurs(value: Any, text: SourceText) -> bool:
    """
    Whether `value`, or something that it may have been made from, is in `text`.

    Args:
        value (`Any`): A string, number, boolean or `None`.
        text ([`SourceText`]): Where to look.

    Returns:
        `bool`: `False` only for a peculiar literal of which no part is there, a number of three digits or more whose
        digits are nowhere, and words of which not one is there, unless they are codes in capital letters.
    """
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return _number_occurs(value, text)
    if not isinstance(value, str):
        return True
    written = value[:MAX_VALUE_CHARS].strip().lower()
    if written in text.lower or _DERIVED.fullmatch(written):
        return True
    if _NUMERAL.fullmatch(written):
        return _digits_occur(written.lstrip("+-"), text)
    if squeeze(written) in text.squeezed:
        return True
    if literal_kind(written):
        return _part_occurs(written, text)
    return value.isupper() or _word_occurs(written, text)


def _number_occurs(number: int | float, text: SourceText) -> bool:
    if isinstance(number, float):
        return _digits_occur(repr(abs(number)), text)
    if abs(number) >= 10**30:
        return True
    written = str(abs(number))
    return _DERIVED.fullmatch(written) is not None or _digits_occur(written, text)


def _digits_occur(number: str, text: SourceText) -> bool:
    """Few digits may stand for number words, counts and defaults, an exponent for anything."""
    significant = digits(number.removesuffix(".0")) if "e" not in number else ""
    return len(significant) < 3 or significant in text.numbers


def _part_occurs(literal: str, text: SourceText) -> bool:
    """ "GitHub's transformers" may become a link to it, "flight 123 of BA" `BA123`, "anna at example.org" an address."""
    runs = _DIGIT_RUN.findall(literal)
    if runs:
        return any(run in text.lower for run in runs)
    words = _literal_words(literal)
    return not words or any(word[:_STEM_CHARS] in text.stems for word in words)


def _literal_words(written: str) -> list[str]:
    return [word for word in _WORD.findall(written) if word not in _LINK_WORDS]


def _word_occurs(written: str, text: SourceText) -> bool:
    words = _literal_words(written)
    # Short words are codes and units (`mph`, `en`), which stand for something else.
    if not any(len(word) >= _STEM_CHARS for word in words) or text.other_letters:
        return True
    return any(word[:_STEM_CHARS] in text.stems for word in words)


_LINK_WORDS = {"http", "https", "www", "com", "org", "net"}


def encoded(value: Any) -> str:
    """`value` as text to look in: JSON, or nothing where it is nested too deep."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return ""


def has_alternative(value: Any, text: SourceText, arguments: list[dict[str, Any]]) -> bool:
    """
    Whether `text` offers another value of the kind of `value`, which no call uses and which may have been meant.

    Args:
        value (`Any`): A value that does not occur in `text`.
        text ([`SourceText`]): Where to look.
        arguments (`list[dict]`): The arguments of all calls.

    Returns:
        `bool`: `True` also for plain words, since any words may have been meant.
    """
    kind = literal_kind(value)
    if not kind and not isinstance(value, int | float) and not _NUMERAL.fullmatch(str(value)):
        return True
    used = SourceText(encoded(arguments))
    if not kind:
        return any(len(number) > 1 and number not in used.numbers for number in text.numbers)
    return any(literal not in used.lower for literal in literals(text, kind))
