"""Rows that ask what a benchmark asks are named; rows that merely look like it are not."""

import pytest

from funreason_trl.building.contamination import Contamination, ContaminationError, read_contamination
from tests.evaluation.bfcl.files import write_lines
from tests.evaluation.skills.examples import HUMANEVAL_ROW, MBPP_ROW


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
        (("play some jazz music!",), "bfcl"),
        (("Write a function to reverse words.",), "mbpp"),
    ],
)
def test_repeated_questions_are_found(texts, found):
    assert CHECK.found_in(row(*texts)).benchmark == found


@pytest.mark.parametrize(
    "texts",
    [
        ("What is the area of a triangle with a base of 12 units and a height of 5 units?",),
        ("Play some jazz music for me",),
        ("Convert 5 miles",),  # three words
        (),
        ("",),
    ],
)
def test_others_are_not(texts):
    assert CHECK.found_in(row(*texts)) is None


def test_the_words_that_both_have_are_told():
    found = CHECK.found_in(row("Now, what is the area of a triangle with a base of 10 units?"))
    assert found.words == "what is the area of a triangle with a base of 10"


def test_only_what_the_user_says_counts():
    assert CHECK.found_in(row(QUESTION, role="system")) is None


@pytest.fixture
def sources(tmp_path):
    long_task = {**MBPP_ROW, "text": "Write a function that doubles the number that it is given, twice if it is odd."}
    not_scored = {**long_task, "task_id": 700, "text": "Write a function to find a word of this other split."}
    write_lines(tmp_path / "humaneval.jsonl", [HUMANEVAL_ROW])
    write_lines(tmp_path / "mbpp.jsonl", [long_task, not_scored])
    return {"humaneval": str(tmp_path / "humaneval.jsonl"), "mbpp": str(tmp_path / "mbpp.jsonl")}


def test_humaneval_and_mbpp_are_read(sources):
    check = read_contamination(sources)
    assert check.benchmarks == ("HumanEval", "MBPP")
    head = f"Complete this:\n{HUMANEVAL_ROW['prompt']}"
    assert check.found_in(row(head)).benchmark == "HumanEval"
    task = "write a function that doubles the number that it is given (twice!)"
    assert check.found_in(row(task)).benchmark == "MBPP"
    assert check.found_in(row("Write a function to find a word of this other split.")) is None


def test_nothing_to_check_against():
    assert read_contamination({}) is None


def test_a_benchmark_that_can_not_be_read_is_named_with_the_way_out(sources, tmp_path):
    sources["mbpp"] = str(tmp_path / "gone.jsonl")
    with pytest.raises(ContaminationError, match=r"(?s)MBPP.*gone.jsonl.*--mbpp_data.*--contamination humaneval\."):
        read_contamination(sources)
    with pytest.raises(ContaminationError, match="--contamination none"):
        read_contamination({"bfcl": str(tmp_path / "no.whl")})


def test_without_the_hub_its_names_are_an_error_too():
    with pytest.raises(ContaminationError, match="what HumanEval asks can't be read"):
        read_contamination({"humaneval": "openai/openai_humaneval"})


@pytest.mark.shared_data
def test_every_published_question_is_found_when_it_is_planted(shared_data):
    from funreason_trl.evaluation.skills.problems import load_humaneval, load_mbpp

    humaneval, mbpp = str(shared_data / "HumanEval.jsonl.gz"), str(shared_data / "mbpp.jsonl")
    check = read_contamination({"humaneval": humaneval, "mbpp": mbpp})
    asked = [problem.head for problem in load_humaneval(humaneval)] + [problem.task for problem in load_mbpp(mbpp)]
    assert [text for text in asked if check.found_in(row(text.upper())) is None] == []
