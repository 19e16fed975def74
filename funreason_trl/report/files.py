"""JSON files of runs and evaluations, held against the shape that this package gives them.

In: a file, and its shape: a [`Kind`], a list of one shape, or fields with a shape each; a field with `?` may be missing or null,
and `{str: SHAPE}` has any names. Out: what is in it, less optional fields that are null, or a [`ReportError`] with the field.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


MEND = "take the file from the run anew, or take it away"


class ReportError(ValueError):
    """A folder without a run, or a file of one that can't be read; says what to give."""


@dataclass(frozen=True)
class Kind:
    """A kind of value, in words, and what tells it."""

    words: str
    fits: Callable[[Any], bool]


def is_number(value: object) -> bool:
    """A number that can be drawn and written: neither NaN, nor without end, nor of hundreds of digits."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e100


TEXT = Kind("a text", lambda value: isinstance(value, str))
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
NUMBER = Kind("a number", is_number)
COUNT = Kind("a whole number", lambda value: is_number(value) and isinstance(value, int) and value >= 0)
OBJECT = Kind("an object", lambda value: isinstance(value, dict))
LIST = Kind("a list", lambda value: isinstance(value, list))
ANYTHING = Kind("there", lambda value: value is not None)


def read_object(path: Path, shape: Any = OBJECT, mend: str = MEND) -> dict[str, Any]:
    """The object of a JSON file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{path} is not JSON ({error}); {mend}") from None
    hold(path, content, OBJECT, mend)
    hold(path, content, shape, mend)
    return content


def read_lines(path: Path, shape: Any = OBJECT) -> list[dict[str, Any]]:
    """The objects of a file that has one a line; a [`ReportError`] names the line that is none."""
    lines = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            lines.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise ReportError(f"{path}:{number} is not JSON ({error}); take that line away") from None
        hold(f"{path}:{number}", lines[-1], shape, "take that line away")
    return lines


def hold(path: Path | str, value: Any, shape: Any, mend: str = MEND, field: str = "") -> None:
    """
    Hold a value against its shape, and take optional fields out that are null.

    Args:
        path (`Path` or `str`): The file, with the line if it has many.
        value (`Any`): What was read.
        shape (`Any`): As the head of this module describes it.
        mend (`str`, *optional*): What to do about a wrong one.
        field (`str`, *optional*): Where in the file the value is.

    Raises:
        ReportError: With file, field, value, and the mend.
    """
    kind = LIST if isinstance(shape, list) else OBJECT if isinstance(shape, dict) else shape
    if not kind.fits(value):
        found = "missing" if value is None else json.dumps(value, ensure_ascii=False)
        shown = found if len(found) <= 60 else f"{found[:60]} …"
        what = f": `{field}` is {shown}" if field else f" is {shown}"
        raise ReportError(f"{path}{what}, where {kind.words} is expected; {mend}")
    if isinstance(shape, list):
        for place, item in enumerate(value):
            hold(path, item, shape[0], mend, f"{field}[{place}]")
    elif isinstance(shape, dict):
        _hold_fields(path, value, shape, mend, f"{field}." if field else "")


def _hold_fields(path: Path | str, value: dict[str, Any], shape: dict[Any, Any], mend: str, before: str) -> None:
    for key, inner in shape.items():
        if key is str:
            for name, item in value.items():
                hold(path, item, inner, mend, before + name)
            continue
        name = key.removesuffix("?")
        if name != key and value.get(name) is None:
            value.pop(name, None)
        else:
            hold(path, value.get(name), inner, mend, before + name)
