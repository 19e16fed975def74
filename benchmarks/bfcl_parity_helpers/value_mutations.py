"""What can be done to an argument's value: other types, other spellings, arithmetic, code, strings near the right one.

In: a random number generator and a value (a Python literal or [`Source`]). Out: another one; [`VALUE_MUTATIONS`] lists
them all. A mutation that has nothing to do to a value gives it back unchanged.
"""

from random import Random
from typing import Any

from bfcl_parity_helpers.calls import Source, python_value


# For a float, and for Python's own limit of digits in a text.
TOO_LARGE = ("9" * 400, "9" * 5000)
CODE = (
    "g(a=1)", "g(1)", "g()", "a.b.g(x='y', z=[1])", "str('a')", "'a'.upper()", "x[0]", "x['k']", "x[1:2]", "a.b", "a.b.c",
    "lambda: 1", "lambda x: x", "[i for i in y]", "{i for i in y}", "{1, 2}", "{'a', 'b'}", "(y := 1)", "*x", "1 if x else 2",
    "x or y", "not x", "True and False", "1 < 2", "1 == 1", "f'{x}'", "f'plain'", "await x", "...", "[*x]", "{**x}",
    "g(**{})", "g(*[1])", "g(a=g(a=g(a=1)))", "[g(a=1)]", "{'k': g(a=1)}", "x[g(1)]", "(lambda: 0)()", "yield",
)  # fmt: skip
WORDS = (
    "true", "false", "True", "False", "None", "null", "undefined", "NaN", "nan", "inf", "Infinity", "-inf", "-x", "+x", "~x",
    "TRUE", "nil", "name", "_", "some name", "été", "1e400", "-1e400", "1e-400", "0x1F", "0b11", "0o17", "1_000", "007", "1j",
    "1.", ".5", "5.0e0", "1e3", "5L", "5n", "5f", "5.0F", "5d", "--5", "-(-5)", "-(5)", "+5", "~5", "- 5", "not 5", "-True",
    "-'a'", "-None", "-[1]", "-(1, 2)", "5 5", "", " ", "''", '""', "()", "[]", "{}", "(1)", "(1,)", "('a')", "[[]]", "[None]",
    *TOO_LARGE, "-" * 40 + "5", "(" * 30 + "5" + ")" * 30, "[" * 60 + "]" * 60,
)  # fmt: skip
ARITHMETIC = (
    "2*3", "2 * 3 + 1", "10/2", "7//2", "7 % 4", "2**3", "2**-1", "2**0.5", "(-8)**0.5", "1/0", "1 % 0", "1 << 3", "8 >> 1", "6 & 3",
    "6 | 1", "6 ^ 2", "2 @ 3", "'a' + 'b'", "'a' * 3", "3 * 'a'", "'%s' % 'a'", "'%d' % 5", "'a' % 5", "[1] + [2]", "[0] * 3", "(1,) + (2,)",
    "{'a': 1} | {'b': 2}", "1 + True", "True + True", "1 + 1.0", "1 + 1j", "1 + None", "1 + 'a'", "None + 1", "-(2+3)", "-2*3", "+2*3", "2*-3",
    "2*(3+4)", "1 << -1", "2**100", "2**1000", "0.1+0.2", "1e308*10", "b'a' + b'b'", "'a' - 'b'", "1 + (2 if True else 3)", "1 + (2 < 3)",
    "[2*3]", "{'k': 2*3}", "(2*3,)", "1 + ...", "x + 1", "x - y", "'a' + x", "x * 2", "2024-01-01", "2024-1-1", "10 - 5", "60*60*24", "1 + -1",
    "+".join(["1"] * 50), "+".join(["1"] * 290), "'%5d' % 5", "'%s and %s' % ('a', 'b')", "[1, 'a'] * 2", "('a',) * 2", "1.5 // 1", "-7 // 2", "-7 % 3",
)  # fmt: skip
# On these the official checker would run a program, or not come back.
EXECUTED = (
    "1 + g()", "'a' + str(1)", "2 - a.b", "user@mail.com", "[] + [i for i in y]", "1 + (lambda: 2)()", "'a' + f'{x}'", "'a' % open('f').read()",
    "9**9**9", "1 << 10**9", "'a' * 10**10", "[0] * 10**10", "'%9999999999d' % 5", "__import__('os').name + ''", "[1 + g()]", "g(a=1 + g())", "x[0] + 1",
)  # fmt: skip
STRINGS = (
    "",
    " ",
    "a",
    ".",
    "x" * 300,
    "None",
    "0",
    "İ",
    "ß",
    "\ud800",
    "\x00",
    "\u200b",
    "ﬁ",
    "日本",
    "🙂",
    "a\nb",
    "\\",
    "'",
    '"',
    "'\"",
)
FILLERS = " ,./-_*^"
OTHER_MARKS = "!?:;()[]{}<>+=&%$#@~`|\\'\"\t\n\u00a0\u2013\u2019é\u0301"


def to_int(rng: Random, value: Any) -> Any:
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else len(value)
    return int(value) if isinstance(value, bool | float) and abs(value) < 1e15 else value


def to_float(rng: Random, value: Any) -> Any:
    return float(value) if isinstance(value, bool | int) and abs(value) < 2**53 else value


def to_string(rng: Random, value: Any) -> Any:
    return value if isinstance(value, str | Source) else str(value)


def to_bool(rng: Random, value: Any) -> Any:
    return value if isinstance(value, Source) else bool(value)


def to_none(rng: Random, value: Any) -> Any:
    return None


def near_number(rng: Random, value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return rng.choice([value + 1, -value, value * 10, value + 1e-9, value + 0.0, 0, 10**18, 1e300])
    return value


def spelled_number(rng: Random, value: Any) -> Any:
    """The same number, written another way."""
    if isinstance(value, bool):
        return Source(
            rng.choice([f"not {not value}", f"({value})", str(value).lower(), str(value).upper(), str(int(value))])
        )
    if isinstance(value, int):
        ways = [f"-({-value})", f"+{value}", f"~{~value}", f"{value}.0", f"{value}*1", f"{value}+0", f"{value - 1}+1"]
        ways += [
            f"{value}/1",
            f"{value}//1",
            f"{value}-0",
            f"1*{value}",
            f"{value}e0",
            hex(value),
            f"({value})",
            f"0{value}",
        ]
        ways += [
            f"{value}L",
            f"{value}l",
            f"{value}n",
            f"{value}f",
            f"{value}d",
            f"(int) {value}",
            f"int({value})",
            f"--{-value}",
        ]
        return Source(rng.choice([*ways, *TOO_LARGE]))
    if isinstance(value, float):
        ways = [
            f"-({-value})",
            f"+{value}",
            f"{value}*1",
            f"{value}+0",
            f"{value}0",
            f"{value:e}",
            f"{value / 2}*2",
            f"{value}/1",
        ]
        return Source(
            rng.choice(
                [
                    *ways,
                    f"({value})",
                    f"{value}f",
                    f"{value}F",
                    f"{value}d",
                    f"float({value})",
                    f"--{-value}",
                    *TOO_LARGE,
                ]
            )
        )
    return value


def literal_arithmetic(rng: Random, value: Any) -> Any:
    return Source(rng.choice(ARITHMETIC))


def executed(rng: Random, value: Any) -> Any:
    return Source(rng.choice(EXECUTED))


def odd_word(rng: Random, value: Any) -> Any:
    return Source(rng.choice(WORDS))


def code(rng: Random, value: Any) -> Any:
    return Source(rng.choice(CODE))


def bare_string(rng: Random, value: Any) -> Any:
    return Source(value) if isinstance(value, str) else value


def spelled_string(rng: Random, value: Any) -> Any:
    """The same text, or nearly, by another string literal."""
    if not isinstance(value, str):
        return value
    half = len(value) // 2
    left, right, whole = value[:half], value[half:], repr(value)
    quoted = "'" + value.replace("'", "\\'") + "'"
    ways = [
        f"{left!r} {right!r}",
        f"{left!r}+{right!r}",
        f"{left!r} + {right!r} + ''",
        f"({whole})",
        f"u{whole}",
        f"r{whole}",
    ]
    ways += [
        f"f{whole}",
        f"b{whole}",
        f"'''{value}'''",
        f'"""{value}"""',
        f'"{value}"',
        f"'{value}'",
        quoted,
        f"{whole}*1",
    ]
    ways += [
        f"'%s' % {whole}",
        f"str({whole})",
        f"{whole}.strip()",
        f"({whole},)",
        f"`{value}`",
        f"“{value}”",
        f"\\'{value}\\'",
    ]
    return Source(rng.choice(ways))


def recased(rng: Random, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return rng.choice(
        [value.upper(), value.lower(), value.title(), value.swapcase(), value.capitalize(), value.casefold()]
    )


def refilled(rng: Random, value: Any) -> Any:
    """Characters that the comparison drops, put in or taken out."""
    if not isinstance(value, str):
        return value
    if rng.random() < 0.5:
        return "".join(char for char in value if char not in FILLERS or rng.random() < 0.5)
    return "".join(char + (rng.choice(FILLERS) if rng.random() < 0.2 else "") for char in value)


def requoted(rng: Random, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    swapped = value.translate(str.maketrans("'\"", "\"'"))
    return swapped if swapped != value else rng.choice([f"'{value}'", f'"{value}"', value + "'", value + '"'])


def marked(rng: Random, value: Any) -> Any:
    """Characters that the comparison keeps, put in or instead."""
    if not isinstance(value, str):
        return value
    place = rng.randrange(len(value) + 1)
    return value[:place] + rng.choice(OTHER_MARKS) + value[place + rng.randrange(2) :]


def other_string(rng: Random, value: Any) -> Any:
    return rng.choice(STRINGS)


def folded_unicode(rng: Random, value: Any) -> Any:
    """Letters that only some ways of ignoring case identify."""
    return value.translate(str.maketrans("isSkK", "İſẞKK")) if isinstance(value, str) else value  # noqa: RUF001


def list_and_tuple(rng: Random, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return list(value) if isinstance(value, tuple) else (value,)


def wrapped(rng: Random, value: Any) -> Any:
    return rng.choice([[value], [[value]], (value,), {"value": value}, [value, value]])


def unwrapped(rng: Random, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return value[0] if value else ""
    if isinstance(value, dict):
        return rng.choice([list(value), list(value.values()), list(value.items())])
    return value


def items_changed(rng: Random, value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value
    items = list(value)
    match rng.randrange(6):
        case 0:
            rng.shuffle(items)
        case 1 if rng.random() < 0.5:
            items += rng.choice([[None], [""], [1], items, [[]], [{}]])
        case 2 if items:
            items.pop(rng.randrange(len(items)))
        case 3:
            items = []
        case _ if items:
            place = rng.randrange(len(items))
            items[place] = _inner(rng, items[place])
    return items if isinstance(value, list) else tuple(items)


def keys_changed(rng: Random, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    keys = list(value)
    key = rng.choice(keys) if keys else "key"
    match rng.randrange(8):
        case 0:
            return {name: item for name, item in value.items() if name != key}
        case 1:
            return value | {rng.choice(["key", "extra", "", "class"]): rng.choice([1, "", None, {}, []])}
        case 2:
            return {name.upper() if name == key else name: item for name, item in value.items()}
        case 3:
            return dict(reversed(value.items()))
        case 4:
            return {}
        case 5:
            return Source(python_value(value, {})[:-1] + f", {key!r}: 1}}")
        case 6:
            return Source(
                python_value(value, {}).replace(repr(key), rng.choice([key, "1", "(1, 2)", "None", "[1]", "**x"]), 1)
            )
    return value | {key: _inner(rng, value.get(key))}


def _inner(rng: Random, value: Any) -> Any:
    if rng.random() < 0.5:
        return rng.choice((recased, refilled, to_float, to_string))(rng, value)
    return rng.choice(VALUE_MUTATIONS)(rng, value)


VALUE_MUTATIONS = (
    to_int, to_float, to_string, to_bool, to_none, near_number, spelled_number, literal_arithmetic, executed, odd_word, code,
    bare_string, spelled_string, recased, refilled, requoted, marked, other_string, folded_unicode, list_and_tuple,
    wrapped, unwrapped, items_changed, keys_changed,
)  # fmt: skip
