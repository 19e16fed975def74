"""The metric of `evaluate`: canonical messages against canonical rows."""

import pytest

from funreason_trl.calls import Call
from funreason_trl.data.rows import assistant_message
from funreason_trl.data.sample import sample_rows
from funreason_trl.evaluation.metric import BFCLCallAccuracy


@pytest.fixture(scope="module")
def rows():
    return list(sample_rows(40))


def silent(row: dict) -> bool:
    return "tool_calls" not in row["messages"][-1]


def test_gold_answers_are_all_right(rows):
    scores = BFCLCallAccuracy().compute(predictions=[row["messages"][-1] for row in rows], references=rows)
    no_calls = sum(map(silent, rows))
    assert 0 < no_calls < 40
    assert scores == {
        "call_rows": 40 - no_calls,
        "no_call_rows": no_calls,
        "call_accuracy": 1.0,
        "no_call_accuracy": 1.0,
        "accuracy": 1.0,
    }


def test_silence_and_wrong_calls(rows):
    silence = BFCLCallAccuracy().compute(predictions=[assistant_message(None, [], "No.")] * 40, references=rows)
    assert (silence["call_accuracy"], silence["no_call_accuracy"]) == (0.0, 1.0)
    metric = BFCLCallAccuracy()
    for row in rows:
        metric.add(prediction=assistant_message(None, [Call("f", {"x": 1.5})], ""), reference=row)
    assert metric.compute()["accuracy"] == 0.0


def test_only_rows_of_one_kind(rows):
    calling = [row for row in rows if not silent(row)]
    scores = BFCLCallAccuracy().compute(predictions=[row["messages"][-1] for row in calling], references=calling)
    assert scores["no_call_rows"] == 0 and "no_call_accuracy" not in scores
