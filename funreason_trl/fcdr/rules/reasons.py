"""Why the rules reject: the fixed list of words of each stage, in one place.

In: nothing of ours. Out: an enum for each stage; a [`~funreason_trl.fcdr.verdicts.Verdict`] carries one of its words.
"""

from enum import StrEnum


class ResponseReason(StrEnum):
    """Stage 1. Words are saved, but not what only looks like words; the query may well be answerable: regenerate."""

    WORDS = "words"  # saved: a statement that calls nothing
    EMPTY_ANSWER = "empty_answer"  # neither calls nor words, or a thought that is never closed
    CUT_OFF = "cut_off"  # a generated answer that did not come to its end
    CALLS_EXPECTED = "calls_expected"  # words, where the source's own answer is calls
    HIDDEN_CALL = "hidden_call"  # tries to call, but prose stands around it or it can't be read


class QueryAndToolReason(StrEnum):
    """Stage 2. These tools can't resolve the query, whatever is answered: drop."""

    EMPTY_QUERY = "empty_query"
    INVALID_SCHEMA = "invalid_schema"
    CLASHING_TOOLS = "clashing_tools"  # the called name is that of two different tools
    UNLISTED_TOOL = "unlisted_tool"
    NO_SOURCE = "no_source"  # a required value of which there is nothing like it in the conversation


class ReasoningReason(StrEnum):
    """Stage 3. The thought does not lead from this query to this answer: drop."""

    NOT_CLOSED = "not_closed"
    MISSING = "missing"  # also where the source has none, which a teacher can mend
    CUT_OFF = "cut_off"
    OTHER_ANSWER = "other_answer"  # speaks of an answer that was there before it, instead of the query alone
    OTHER_DIALOGUE = "other_dialogue"
    UNNAMED_FUNCTION = "unnamed_function"
    CONTRADICTS_FUNCTION = "contradicts_function"  # concludes with another function, or with no call, or with a call
    CONTRADICTS_VALUE = "contradicts_value"


class FunctionAndParameterReason(StrEnum):
    """Stage 4. Another answer would be right: regenerate; the first six are `validate_call`'s kinds of problems."""

    UNKNOWN_FUNCTION = "unknown_function"
    MISSING_PARAMETER = "missing_parameter"
    UNKNOWN_PARAMETER = "unknown_parameter"
    WRONG_TYPE = "wrong_type"
    NOT_IN_ENUM = "not_in_enum"
    INVALID_VALUE = "invalid_value"
    INVALID_SCHEMA = "invalid_schema"  # the tools can't be checked against, which no other answer mends: drop
    DIFFERS_FROM_GOLD = "differs_from_gold"
    UNTRACED_VALUE = "untraced_value"  # a value that has no source


class FormatReason(StrEnum):
    """Stage 5. The right answer, written wrongly: regenerate."""

    NO_PYTHON_FORM = "no_python_form"  # a name or value that can't be written in that form by anybody: drop
    NO_THINK = "no_think"  # the row has reasoning, but the text does not begin with it
    STRAY_TAG = "stray_tag"  # more than one pair of tags, or one that is not closed
    FENCED = "fenced"
    NO_LIST = "no_list"  # not one python list from the first character to the last
    UNPARSABLE = "unparsable"
    OTHER_CALLS = "other_calls"  # reads as other calls than those of the row
    NOT_WORDS = "not_words"  # calls, or nothing, where the row answers in words
