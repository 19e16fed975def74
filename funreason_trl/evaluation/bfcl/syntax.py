"""Syntax trees of Java and JavaScript, read within a bound of work whatever the text is.

In: source text and one of [`JAVA`], [`JAVASCRIPT`]. Out: the root node of a tree that has no `ERROR` in it, or a
[`DecodingError`]. The official evaluator reads with tree-sitter as well, but without a bound.
"""

import tree_sitter_java
import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

from .errors import DecodingError


JAVA = Language(tree_sitter_java.language())
JAVASCRIPT = Language(tree_sitter_javascript.language())

# A possible answer has 500 characters at most, so none of these limits turns a right answer down. Some texts of this
# length take the parser most of a second; the time grows as their square, and the parser can't be stopped meanwhile.
MAX_CHARS = 4 * 1024
# The parser reports every hundred steps. A plain call of 4,000 characters takes 200 reports, while a text that is
# made to be repaired again and again takes thousands.
MAX_PROGRESS_REPORTS = 500
# The same for the text itself, which is read anew when the parser goes back: a plain call takes 50 reads.
MAX_READS = 4000

_BYTES_PER_READ = 128


def parse_source(source: str, language: Language) -> Node:
    """
    The syntax tree of `source`, where the parser may have added what is missing but found nothing wrong.

    `f(a=1;` has a tree, in which `)` is marked as missing; `f(a=#);` has none. Which of the two a fault is, is the
    parser's guess: Java's adds the semicolon of `f(a=1, b=2)`, but takes the shorter `f(a=1)` for something else.

    Args:
        source (`str`): One call, as a rule.
        language (`Language`): [`JAVA`] or [`JAVASCRIPT`].

    Returns:
        `Node`: The root. Its `text` is `None`: cut texts out of `source` by `start_byte` and `end_byte`.

    Raises:
        `DecodingError`: The text isn't of that language, is over a limit, or can't be encoded (a lone surrogate).
    """
    if len(source) > MAX_CHARS:
        raise DecodingError(f"the call has {len(source):,} characters, the limit is {MAX_CHARS:,}")
    try:
        encoded = source.encode()
    except UnicodeEncodeError as error:
        raise DecodingError(f"the call isn't text: {error}") from error
    root = _parse_within_bounds(encoded, language)
    if _has_error(root):
        raise DecodingError(f"the call has a syntax error: {source[:80]!r}")
    return root


def _parse_within_bounds(encoded: bytes, language: Language) -> Node:
    reports = reads = 0

    def stop(position: int, has_error: bool) -> bool:
        nonlocal reports
        reports += 1
        return reports > MAX_PROGRESS_REPORTS or reads > MAX_READS

    def read(position: int, point: object) -> bytes:
        nonlocal reads
        reads += 1
        # The text ends early, so that the parser comes to the next report.
        return encoded[position : position + _BYTES_PER_READ] if reads <= MAX_READS else b""

    try:
        # Only a text that is read by a function is parsed with reports.
        root = Parser(language).parse(read, progress_callback=stop).root_node
    except ValueError as error:
        raise DecodingError(f"no syntax tree after {reports:,} reports") from error
    if reads > MAX_READS:
        raise DecodingError(f"no syntax tree after {reads:,} reads")
    return root


def _has_error(root: Node) -> bool:
    """Whether a node is an `ERROR`; tree-sitter's own `has_error` also counts what is merely missing."""
    pending = [root]
    while pending:
        node = pending.pop()
        if node.is_error:
            return True
        pending.extend(child for child in node.children if child.has_error)
    return False
