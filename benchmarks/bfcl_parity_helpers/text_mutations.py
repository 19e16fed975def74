"""What can be done to the text of an answer: brackets, fences, quotes, prose, white space, typing errors.

In: a random number generator and the text. Out: another text; [`TEXT_MUTATIONS`] lists them all.
"""

from random import Random


PROSE = (
    "Sure! ",
    "Here is the call:\n",
    "I'll call ",
    "The answer is: ",
    "[Note] ",
    "答え: ",
    "a ",
    "Calling f(x=1). ",
)
FENCES = ("```", "```python\n", "```json\n", "```\n", "~~~\n", "`", "````", " ```\n", "```tool_code\n")
QUOTES = ("'", '"', "'''", '"""', "`", "\u201c", "''")
SPACES = (" ", "\n", "\t", "\r\n", "\u00a0", "\ufeff", "\u3000", "\x0c", "\x00", "\\\n", "\u200b", "  \n ")
WRAPPERS = (
    ("<tool_call>", "</tool_call>"), ("<think>hm</think>\n\n", ""), ("print(", ")"), ("result = ", ""), ("(", ")"), ("{", "}"), ("[", "]"),
    ("[[", "]]"), ("", ","), ("", ";"), ("", "."), ("", "\n"), ("", " # done"), ("# call\n", ""), ("return ", ""), ("await ", ""), ("*", ""),
    ("await (", ")"), ("", " + []"), ("", "[0]"), ("", " or []"), ("", ", "), ("", "]"), ("[", ""), ("", "()"), ("", ".x"), ("// c\n", ""),
    ("/* c */ ", ""), ("const x = ", ""), ("new ", ""), ("", "; g()"), ("g(), ", ""), ("g(); ", ""), ("", "//"), ("const [a] = ", ""), ("x, ", ""),
    ("1, ", ""), ("", ", 1"), ("", ", None"), ("''", "''"), ("\\", ""), ("not ", ""), ("-", ""), ("try { ", " } catch (e) {}"), ("lambda: ", ""),
)  # fmt: skip
# What Java and JavaScript programs have around a call.
STATEMENTS = (
    ("class A { void m() { ", "; } }"), ("if (x) ", ""), ("if (x) ", ";"), ("x.", ""), ("new A().", ""), ("", ".g(y=2)"), ("this.", ""), ("super.", ""),
    ("A.<T>", ""), ("", "?.x"), ("!", ""), ("typeof ", ""), ("void ", ""), ("async () => ", ""), ("() => ", ""), ("function m() { ", " }"), ("return ", ";"),
    ("{ ", " }"), ("{ ", "; }"), ("@A ", ""), ("int x = ", ";"), ("x = ", ""), ("x += ", ";"), ("<a>", "</a>"), ("<a b={", "}/>"), ("#!x\n", ""), ("<!-- ", " -->"),
    ("'use strict'; ", ""), ("label: ", ""), ("export default ", ""), ("assert ", ";"), ("synchronized (x) { ", "; }"), ("switch (x) { case 1: ", "; }"),
    ("x ? ", " : 0"), ("1 + ", ""), ("", " + 1"), ("", "::x"), ("", " instanceof X"), ("(int) ", ""), ("((A) x).", ""), ("x[0].", ""), ("", "[0]"), ("", "`t`"),
    ("", "\n.g()"), ("g()\n", ""), ("g();\n", ""), ("", "\ng(y=2)"), ("import x from 'y';\n", ""), ("import x.y;\n", ""), ("package x;\n", ""), ("for (;;) ", ""),
    ("while (x) { ", " }"), ("do { ", " } while (x)"), ("let x = ", ""), ("var x = ", ";"), ("yield ", ""), ("throw ", ""), ("delete ", ""), ("", " as X"), ("x = y = ", ""),
    ("/** d */ ", ""), ("", " // c"), ("", " /* c */"), ("f(", ")"), ("f(a=", ")"), ("f(() => { ", " })"), ("f(x -> ", ")"), ("[", "]"), ("...", ""), ("case 1 -> ", ""),
    ("public static void m() { ", "; }"), ("enum E { A } ", ""), ("record R(int x) {} ", ""), ("class A { static { ", "; } }"), ("class A { x = ", " }"), ("", "!"), ("", "++"),
)  # fmt: skip
WHOLE = (
    "", " ", "[]", "[[]]", "{}", "[{}]", "()", "''", "[''] ", "None", "null", "I cannot answer that.", "No function fits [none].", "[None]", "f",
    "f()", "[f()]", "[f(), ]", "[()]", "f(x)", "[f(x=1)", "f(x=1)]", "]", "[", "```\n```", "a.b()", "a.b.c(d=1)", "a[0](x=1)", "a()(x=1)", "a().b(x=1)",
    "'f'(x=1)", "[f(x=1)] [g(y=2)]", "[f(x=1)]\n[g(y=2)]", "(f(x=1), g(y=2))", "{f(x=1)}", "{f(x=1): 1}", "f(x=1), g(y=2)", "[f(x=1), 'text']", "1",
    "[1, 2]", "\"f(x=1)\"", "[lambda: 0]", "[f(x=1) for f in g]", "[*f(x=1)]", "f(*a)", "f(**a)", "[f(**{'x': 1})]", "f(x=1)(y=2)", "[f(x=1) if a else g()]",
)  # fmt: skip


def bracket_lost(rng: Random, text: str) -> str:
    return rng.choice([text[1:], text[:-1], text[1:-1]])


def bracket_lost_inside(rng: Random, text: str) -> str:
    places = [place for place, char in enumerate(text) if char in "()[]{}'\""]
    if not places:
        return text
    place = rng.choice(places)
    return text[:place] + text[place + 1 :]


def bracket_added(rng: Random, text: str) -> str:
    place = rng.randrange(len(text) + 1)
    return text[:place] + rng.choice("()[]{}") + text[place:]


def fenced(rng: Random, text: str) -> str:
    fence = rng.choice(FENCES)
    return fence + text + rng.choice(["", "\n", " "]) + rng.choice([fence.split("\n")[0][:3], "", "```"])


def quoted(rng: Random, text: str) -> str:
    quote = rng.choice(QUOTES)
    return rng.choice(
        [quote + text + quote, quote + text, text + quote, f"[{quote}{text}{quote}]", f"[{quote}{text[1:-1]}{quote}]"]
    )


def prose_around(rng: Random, text: str) -> str:
    before, after = (
        rng.choice([("", ""), (rng.choice(PROSE), "")]),
        rng.choice(["", " Done.", "\n\nLet me know [if] it helps!", "\nDone"]),
    )
    return before[0] + text + after


def wrapped_text(rng: Random, text: str) -> str:
    before, after = rng.choice(WRAPPERS)
    if rng.random() < 0.5 and text.startswith("[") and text.endswith("]"):
        return f"[{before}{text[1:-1]}{after}]"
    return before + text + after


def in_statement(rng: Random, text: str) -> str:
    """The calls without their brackets, in a program."""
    before, after = rng.choice(STATEMENTS)
    return f"[{before}{text[1:-1]}{after}]" if text.startswith("[") and text.endswith("]") else before + text + after


def spaced(rng: Random, text: str) -> str:
    """White space where it may not matter: at the ends, around marks, inside names."""
    space = rng.choice(SPACES)
    mark = rng.choice("()[],=:.'")
    ways = [
        space + text,
        text + space,
        space + text + space,
        text.replace(mark, mark + space),
        text.replace(mark, space + mark),
    ]
    return rng.choice(
        [
            *ways,
            text.replace(mark, mark + space, 1),
            text.replace(", ", ","),
            text.replace(", ", space),
            text.replace(" ", space),
        ]
    )


def truncated(rng: Random, text: str) -> str:
    return text[: rng.randrange(len(text) + 1)]


def typo(rng: Random, text: str) -> str:
    if not text:
        return text
    place = rng.randrange(len(text))
    return (
        text[:place]
        + rng.choice(
            ["", text[place] * 2, rng.choice("abZ019_$ .,:;=*+-#\\/\"'()"), text[place + 1 : place + 2] + text[place]]
        )
        + text[place + 1 :]
    )


def marks_swapped(rng: Random, text: str) -> str:
    old, new = rng.choice(
        [("=", ":"), ("=", " = "), ("'", '"'), ('"', "'"), (", ", "; "), ("(", "["), (")", "]"), (".", "_"), ("_", "."), ("[", "("), ("[", "{"), ("=", "=="), ("'", ""), ('"', ""), ("'", "\\'"), ('"', '\\"'), (", ", "\n"), ("),", ")\n"), ("),", ");"), ("=", ":=")]
    )  # fmt: skip
    return text.replace(old, new)


def commented(rng: Random, text: str) -> str:
    comment = rng.choice([" # note\n", " // note\n", " /* note */ ", " # ", "\n# note\n", "#", " -- note "])
    places = [place + 1 for place, char in enumerate(text) if char in ",(["] or [0]
    place = rng.choice(places)
    return text[:place] + comment + text[place:]


def trailing_comma(rng: Random, text: str) -> str:
    mark = rng.choice([")", "]", "}"])
    return text.replace(mark, "," + mark)


def repeated(rng: Random, text: str) -> str:
    return text + rng.choice(["", "\n", ", ", " ", ";"]) + text


def looped(rng: Random, text: str) -> str:
    """As small models go on and on, up to their limit of tokens."""
    separator = rng.choice(["\n", ";\n", ", ", " ", "\n\n"])
    unit = rng.choice([text, text[1:-1], text[1:-1] or "f()"])
    repetitions = rng.choice([200, 2000, 6000]) // (len(unit) + len(separator)) + 2
    return separator.join([unit] * repetitions)


def cased(rng: Random, text: str) -> str:
    return rng.choice([text.upper(), text.lower(), text.title()])


def replaced(rng: Random, text: str) -> str:
    return rng.choice(WHOLE)


TEXT_MUTATIONS = (
    bracket_lost, bracket_lost_inside, bracket_added, fenced, quoted, prose_around, wrapped_text, wrapped_text, in_statement, in_statement, spaced, spaced, truncated,
    typo, typo, marks_swapped, commented, trailing_comma, repeated, looped, cased, replaced,
)  # fmt: skip
