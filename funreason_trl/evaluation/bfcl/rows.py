"""The shapes that the rest of the folder shares: categories, a question with its possible answers, a judgement.

In: nothing of ours. Out: [`BfclRow`], [`Judgement`] and the lists of categories, by BFCL v4's names.
"""

from dataclasses import dataclass, field
from typing import Any


PYTHON, JAVA, JAVASCRIPT = "python", "java", "javascript"

NON_LIVE_AST = ("simple_python", "simple_java", "simple_javascript", "multiple", "parallel", "parallel_multiple")
LIVE_AST = ("live_simple", "live_multiple", "live_parallel", "live_parallel_multiple")
# Rows that have no possible answers: to be answered without any call, or with some call.
IRRELEVANCE = ("irrelevance", "live_irrelevance")
RELEVANCE = ("live_relevance",)
CATEGORIES = (*NON_LIVE_AST, IRRELEVANCE[0], *LIVE_AST, IRRELEVANCE[1], *RELEVANCE)

# One of the ways to answer a question: {function: {parameter: [values that are right]}}, where "" says that the
# parameter may be left out.
PossibleAnswer = dict[str, dict[str, list[Any]]]


@dataclass(frozen=True)
class BfclRow:
    """
    One question of BFCL.

    Attributes:
        id (`str`): As in the file, `"simple_python_0"`.
        category (`str`): One of [`CATEGORIES`].
        messages (`list[dict]`): The only turn of the question, `{"role", "content"}` each.
        functions (`list[dict]`): Listed functions in BFCL's own form, unchanged (types such as `dict`, `float`).
        possible_answers (`list[dict]`): One for each call that is expected, in the order of the file; empty for
            irrelevance and relevance.
    """

    id: str
    category: str
    messages: list[dict[str, str]]
    functions: list[dict[str, Any]]
    possible_answers: list[PossibleAnswer] = field(default_factory=list)

    @property
    def language(self) -> str:
        """The language whose values the answer's arguments are: `"python"`, `"java"` or `"javascript"`."""
        return category_language(self.category)


@dataclass(frozen=True)
class Judgement:
    """
    Whether an answer is right, and if not, what is wrong with it.

    Attributes:
        right (`bool`): The official checker's `valid`.
        error (`str`): Kind of the first mistake, such as `"missing_parameter"`; empty if right.
        detail (`str`): One sentence that names the function, the parameter and the value; empty if right.
    """

    right: bool
    error: str = ""
    detail: str = ""


def category_language(category: str) -> str:
    """The language of the calls in `category` (`str`): python, but for the two that say otherwise."""
    return {"simple_java": JAVA, "simple_javascript": JAVASCRIPT}.get(category, PYTHON)


def category_group(category: str) -> str:
    """The folder of `category` (`str`) in the official layout of results: `"live"` or `"non_live"`."""
    return "live" if category.startswith("live_") else "non_live"
