"""Rows that ask what a benchmark asks are named; rows that merely look like it are not."""

import pytest

from funreason_trl.building.contamination import Contamination


QUESTION = "What is the area of a triangle with a base of 10 units and a height of 5 units?"
CHECK = Contamination(
    {"bfcl": [QUESTION, "Convert 5 miles", "Play some jazz music"], "mbpp": ["Write a function to reverse words"]}
)


def row(*texts: str, role: str = "user") -> dict:
    return {"messages": [{"role": role, "content": text} for text in texts]}


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ((QUESTION,), "bfcl"),
        (("what IS the area of a triangle, with a base of 10 units and so on",), "bfcl"),
        (("First this: " + QUESTION.lower() + " Then that.",), "bfcl"),
        (("Hello", QUESTION), "bfcl"),
        (("What is the area of a triangle with a base of 12 units and a height of 5 units?",), None),
        (("play some jazz music!",), "bfcl"),
        (("Play some jazz music for me",), None),
        (("Convert 5 miles",), None),  # three words
        (("Write a function to reverse words.",), "mbpp"),
        ((), None),
        (("",), None),
    ],
)
def test_found_in(texts, found):
    assert CHECK.found_in(row(*texts)) == found


def test_only_what_the_user_says_counts():
    assert CHECK.found_in(row(QUESTION, role="system")) is None
