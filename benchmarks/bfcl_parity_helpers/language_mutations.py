"""Values as Java and JavaScript programs spell them, rightly, nearly, and in ways that the checkers may not foresee.

In: a random number generator and a value. Out: its source text; [`MUTATIONS`] lists what each language's values can
become.
"""

from random import Random
from typing import Any

from bfcl_parity_helpers.calls import Source, java_value, javascript_value
from bfcl_parity_helpers.value_mutations import VALUE_MUTATIONS
from funreason_trl.evaluation.bfcl.rows import JAVA, JAVASCRIPT, PYTHON


JAVA_EXPRESSIONS = (
    '"""\n  text\n  """', '"a\\tb"', '"\\u0041"', '"\\""', '"a" + 1', "'\\''", "'\\u0041'", "'ab'", "0x1F", "0b101", "017", "1_000", "1e3", "1e3f", "1.5d", ".5", "5.", "5D", "5l", "0L",
    "Integer.valueOf(5)", "Integer.MAX_VALUE", "Long.parseLong(\"5\")", "(x)", "((x))", "(x, y)", "x++", "--x", "~x", "x = y", "x += 1", "x == y", "x && y", "x instanceof String",
    "x instanceof String s", "x -> { return x; }", "(int x) -> x", "(x, y) -> x + y", "String::valueOf", "int[]::new", "A.<T>m()", "new A() { int x; }", "new A<>() {}", "new A<B, C<D>>(x)",
    "new a.b.C()", "x.new A()", "new int[]{}", "new int[]{1, 2,}", "new int[2][3]", "new int[2][]", "new String[]{\"a\", null}", "new String[]{\"a, b\"}", "new char[]{'a'}", "new A[]{new A()}",
    "new ArrayList<String>() {{ add(\"a\"); add(\"b\"); }}", "new ArrayList<String>(List.of(\"a\"))", "new ArrayList<Integer>(Arrays.asList(1, 2))", "new ArrayList<Long>(Arrays.asList(1L, 2L))",
    "Collections.singletonList(1)", "Stream.of(1).collect(toList())", "new HashMap<String, Integer>()", "new HashMap<String, Integer>(x)", "new HashMap<>(Map.of(\"a\", 1))", "int.class", "int[].class",
    "a.b.C.class", "a.b().c", "a.b(c=1)", "a.b(\"x\").c(1, 'd')", "a[0][1]", "a[i].b()", "switch (x) { case 1 -> 2; default -> 3; }", "x ? y : z", "@A x", "null", "true", "false", "TRUE", "this", "super",
    "this.x", "super.x()", "A.this", "/* c */ 5", "5 /* c */", "été", "\"été\"", "\"日本\"", "$x", "_x", "_", "\"a\\\\\"", "\"\"", "''", "' '", "enum", "var", "record", "yield", "#x", "`x`", "x!", "<T>x", "5 + -5",
    "(String) null", "(List<String>) x", "(int) 5.0", "-5L", "+5", "- 5.0f", "-(5)", "!true", "{1, 2}", "{\"a\", \"b\"}", "{}", "[1, 2]", "new B(a=1)", "b(a=1, a=2)", "x = 5, y = 6", "List<String>", "a < b > c",
)  # fmt: skip
JAVASCRIPT_EXPRESSIONS = (
    "`text`", "`a ${b} c`", "`a\nb`", "'a\\tb'", "'\\u0041'", "'\\''", '"\\""', "'a' + 'b'", "0x1F", "0b101", "0o17", "017", "1_000", "1e3", "1E-3", ".5", "5.", "5.5n", "0n", "-5n", "+5", "- 5", "-(5)", "+'5'",
    "Number('5')", "BigInt(5)", "Infinity", "-Infinity", "Number.MAX_VALUE", "(x)", "((x))", "(x, y)", "x++", "--x", "~x", "x = y", "x += 1", "x ??= 1", "x == y", "x === y", "x && y", "x ?? y", "x in y", "#x in y",
    "x instanceof A", "typeof x", "void 0", "delete x.y", "await x", "yield", "async x => x", "async function() {}", "function* () {}", "function f(a = 1) { return a; }", "({a, b}) => a", "([a, b]) => a", "(...a) => a",
    "x => ({a: 1})", "class {}", "class A extends B { x = 1; #y; static { } }", "new A", "new A()", "new a.B(1)", "new.target", "import('x')", "import.meta", "a?.b", "a?.[0]", "a?.()", "a.b?.c()", "a[0][1]", "a['b']",
    "a`b`", "/re/", "/[/]/gi", "/a/v", "<a>b</a>", "<a {...b}/>", "<></>", "<!-- x", "[]", "[,]", "[1,,2]", "[1, 2,]", "[...a, 1]", "['a', \"b\"]", "['a,b']", "[[1, 2], [3]]", "[[]]", "[ [ 1 ], [ 2 ] ]", "[{a: 1}]",
    "[[1, 2], 3]", "[true, null, undefined]", "['it\\'s']", "new Array()", "new Array(5)", "new Array([1], [2])", "new Array( 'a' , 'b' )", "Array.from(x)", "{}", "{ }", "{a: 1}", "{'a': 1}", "{\"a\": 'b'}", "{a}",
    "{a, b}", "{...a}", "{[a]: 1}", "{a() {}}", "{get a() { return 1; }}", "{async *a() {}}", "{a: {b: {c: 1}}}", "{a: [1, [2]]}", "{a: 1, b: {c: 2}, d: [3]}", "{a: 'b: c, d: e'}", "{a: 'x', b: \"y\"}", "{\n  a: 1,\n  b: 2\n}",
    "{a: x => x}", "{a: function() { return 1; }}", "{1: 2}", "{a: -1}", "{a: true, b: null}", "{a: 1,}", "{a:1,b:2}", "{ 'a b': 1 }", "Object.assign({}, x)", "JSON.parse('{}')", "new Map([['a', 1]])", "new Set()",
    "true", "false", "null", "undefined", "NaN", "this", "super.x", "this.x", "été", "'été'", "\"日本\"", "$", "$x", "_", "let", "async", "of", "get", "@a", "#x", "x!", "x as T", "<T>x", "/* c */ 5", "5 // c", "5 /* c */", "a, b",
    "'\"a\"'", "\"'a'\"", "''", '""', "``", "'a", "a'", "b(a=1)", "b(a=1, a=2)", "x ? y : z", "throw x", "if (x) y", "{a: 1}.b", "[1][0]", "'a'.length", "5..toString()", "x\n", "\nx", "using x", "enum", "await", "10n ** 2n",
)  # fmt: skip


def java_expression(rng: Random, value: Any) -> Any:
    return Source(rng.choice(JAVA_EXPRESSIONS))


def javascript_expression(rng: Random, value: Any) -> Any:
    return Source(rng.choice(JAVASCRIPT_EXPRESSIONS))


def java_touched(rng: Random, value: Any) -> Any:
    return _touched(
        rng, java_value(value, {"type": rng.choice(["any", "String", "ArrayList", "Array", "long", "float"])})
    )


def javascript_touched(rng: Random, value: Any) -> Any:
    return _touched(rng, javascript_value(value, {"type": rng.choice(["any", "String", "Bigint"])}))


def _touched(rng: Random, text: str) -> Source:
    """A small change that may leave the value as it is: a space, a comment, parentheses, other quotes."""
    places = [place for place in range(1, len(text)) if not (text[place - 1] + text[place]).isalnum()] or [0]
    place = rng.choice(places)
    quotes = text.replace('"', rng.choice(["'", "`", '\\"', '""', "“"]))
    ways = [
        text[:place] + space + text[place:] for space in (" ", "\n", "  ", "/* c */", "\t", "(", ")", ",", "é", "\\")
    ]
    return Source(
        rng.choice(
            [*ways, f"({text})", f" {text} ", quotes, text + ",", text.replace(", ", ","), text.replace(" ", "")]
        )
    )


def java_spelling(rng: Random, value: Any) -> Any:
    """Collections, characters and constants as Java programs have them."""
    items = value if isinstance(value, list | tuple) else [value]
    joined = ", ".join(f'"{item}"' if isinstance(item, str) else str(item).lower() for item in items)
    bare = ", ".join(str(item) for item in items)
    pairs = value.items() if isinstance(value, dict) else [("key", bare)]
    puts = "".join(f'put("{key}", "{item}"); ' for key, item in pairs)
    ways = [
        f"new String[]{{{joined}}}",
        f"new String[] {{ {joined} }}",
        f"new int[]{{{bare}}}",
        f"Arrays.asList({joined})",
    ]
    ways += [
        f"new ArrayList<>(Arrays.asList({joined}))",
        f"new ArrayList<String>(Arrays.asList({joined}))",
        f"List.of({joined})",
    ]
    ways += [
        f"new ArrayList<String>() {{{{ add({joined}); }}}}",
        "new ArrayList<>()",
        "new ArrayList<String>()",
        "new HashMap<>()",
    ]
    ways += [
        f"new HashMap<String, String>() {{{{ {puts}}}}}",
        f"new HashMap<>() {{{{ {puts}}}}}",
        "Map.of()",
        f"Map.of({joined})",
    ]
    ways += [
        f"{{{joined}}}",
        f"'{bare}'",
        f'"{bare}"',
        f'"\\"{bare}\\""',
        "'c'",
        "'\\n'",
        f"new Foo({bare})",
        "new Foo()",
        f"foo({bare})",
    ]
    ways += [
        "Foo.class",
        "Foo.BAR",
        "this",
        "this.x",
        "x -> x",
        "() -> 1",
        "Foo::bar",
        "(String) x",
        "(int) 5",
        "x + 1",
        '"a" + "b"',
    ]
    ways += [
        "new int[5]",
        "new int[0]",
        "new int[][]{{1, 2}, {3}}",
        "x ? 1 : 2",
        "x[0]",
        "null",
        "-5",
        "- 5",
        "5L",
        "5.0f",
        "true",
        "!x",
        "é",
    ]
    return Source(rng.choice(ways))


def javascript_spelling(rng: Random, value: Any) -> Any:
    """Objects, arrays, strings and constants as JavaScript programs have them."""
    items = value if isinstance(value, list | tuple) else [value]
    joined = ", ".join(f'"{item}"' if isinstance(item, str) else str(item).lower() for item in items)
    bare = ", ".join(str(item) for item in items)
    pairs = list(value.items()) if isinstance(value, dict) else [("key", bare)]
    quoted = ", ".join(f'"{key}": "{item}"' for key, item in pairs)
    plain = ", ".join(f"{key}: {item}" for key, item in pairs)
    ways = [
        f"[{joined}]",
        f"[ {joined} ]",
        f"[{joined},]",
        f"new Array({joined})",
        f"Array.of({joined})",
        f"[{bare}]",
        f"[[{joined}], [{bare}]]",
    ]
    ways += [
        f"{{{quoted}}}",
        f"{{{plain}}}",
        f"{{ {plain} }}",
        f"{{\n{plain}\n}}",
        f"{{{quoted},}}",
        f"{{a: {{{plain}}}}}",
        f"{{a: [{joined}]}}",
    ]
    ways += [
        f"`{bare}`",
        f"'{bare}'",
        f'"{bare}"',
        f"'\"{bare}\"'",
        "`a${x}`",
        "x => x",
        "() => {}",
        "function() {}",
        "async () => 1",
        "new Foo()",
    ]
    ways += [
        "undefined",
        "null",
        "NaN",
        "-5",
        "5n",
        "5.0",
        "5.",
        ".5",
        "5e3",
        "true",
        "!0",
        "x.y",
        "x?.y",
        "x[0]",
        "x ? 1 : 2",
        "/re/g",
        "<a/>",
    ]
    ways += [
        "...x",
        "{...x}",
        "{x}",
        "{}",
        "[]",
        "{'a': 'b,c:d'}",
        '["a,b", "c"]',
        "{a: 1, b: [1, 2], c: {d: 1}}",
        "x = 5",
        "1 + 2",
        "'a' + 'b'",
        "é",
    ]
    return Source(rng.choice(ways))


# Gentler than the rest.
TOUCHES = {JAVA: java_touched, JAVASCRIPT: javascript_touched}
# Spelling is most of what these two languages add.
MUTATIONS = {
    PYTHON: VALUE_MUTATIONS,
    JAVA: (*VALUE_MUTATIONS, *[java_spelling, java_expression, java_touched] * 4),
    JAVASCRIPT: (*VALUE_MUTATIONS, *[javascript_spelling, javascript_expression, javascript_touched] * 4),
}
