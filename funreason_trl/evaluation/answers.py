"""Whether an answer calls what the row's own answer calls, by BFCL's rules.

In: the text that a model wrote and the canonical row that it answered. Out: a `Score` (does it parse, is it right).
"""

from dataclasses import dataclass

from funreason_trl.data.rows import split_reasoning
from funreason_trl.evaluation.bfcl.canonical import bfcl_question
from funreason_trl.evaluation.bfcl.checker import judge_calls
from funreason_trl.evaluation.bfcl.decoding import decode_answer
from funreason_trl.evaluation.bfcl.errors import DecodingError


@dataclass(frozen=True)
class Score:
    """
    Attributes:
        parsed (`bool`): The answer is calls where the row has calls, and words where it has none.
        right (`bool`): The calls are those of the row, in any order, as BFCL compares values.
        needs_calls (`bool`): The row has calls; for others, words of any kind are right, so count the two apart.
        mistake (`str`): What is wrong, in a sentence; empty if the answer is right.
    """

    parsed: bool
    right: bool
    needs_calls: bool = True
    mistake: str = ""


def score_answer(text: str, row: dict) -> Score:
    """
    Compare an answer in the python form with the row's last assistant turn.

    Arguments are compared as BFCL does it (strings without case, space and punctuation; an integer for a float); one
    that has its declared default may be given or left out. A row that rightly calls nothing is answered by words,
    which are not compared; unlike BFCL, an empty answer does not count there, so that a model that thinks for ever is
    not credited with silence.

    Args:
        text (`str`): The answer, without end token; reasoning may stand before the calls.
        row (`dict`): Canonical row.
    """
    question = bfcl_question(row)
    answer = split_reasoning(text)[1]
    try:
        calls = decode_answer(answer)
    except DecodingError as error:
        calls, mistake = [], str(error)
    else:
        mistake = "" if calls else "the answer holds no call"
    if not question.possible_answers:
        silent = not calls and bool(answer)
        return Score(silent, silent, needs_calls=False, mistake="" if silent else "words were expected")
    if not calls:
        return Score(parsed=False, right=False, mistake=mistake)
    judgement = judge_calls(question, calls)
    return Score(parsed=True, right=judgement.right, mistake=judgement.detail)
