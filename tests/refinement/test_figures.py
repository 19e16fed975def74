"""What is said of a round: its figures, signs of a collapse, and the table in the trackers."""

import sys
from types import SimpleNamespace

import pytest

from funreason_trl.calls import Call
from funreason_trl.fcdr.pipeline import Inspected
from funreason_trl.refinement.figures import figures, log_table, warnings_of
from funreason_trl.refinement.rounds import Round
from tests.fcdr.scripted import candidate


BEFORE = {"think_length": 300.0, "no_call": 0.2}
HEALTHY = {"answers": 100, "distinct": 0.9, "no_call": 0.2, "think_length": 250.0}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"answers": 0}, []),
        ({"distinct": 0.05}, ["only 5% of the answers are different"]),
        ({"distinct": 0.05, "answers": 9}, []),
        ({"no_call": 0.95}, ["95% of the answers call nothing (20% before)"]),
        ({"think_length": 1000.0}, ["thoughts have 1000 characters on average (300 before)"]),
        ({"think_length": 0.0}, ["thoughts have 0 characters"]),
        ({"think_length": 90.0, "no_call": 1.0}, ["100% of the answers", "thoughts have 90"]),
    ],
)
def test_signs_of_a_collapse(change, words):
    found = warnings_of({**HEALTHY, **change}, BEFORE)
    assert len(found) == len(words)
    assert all(word in sign for word, sign in zip(words, found, strict=True))


def test_where_nothing_was_called_before_calling_nothing_is_no_sign():
    assert warnings_of({**HEALTHY, "no_call": 0.95}, {**BEFORE, "no_call": 0.95}) == []


def test_right_calls_count_as_right_whatever_else_is_wrong_with_the_answer():
    gold = [Call("get_weather", {"city": "Oslo"})]
    right, wrong = candidate(gold=gold), candidate(calls=[Call("get_weather", {"city": "Rome"})], gold=gold)
    answers = [Inspected(one, "rejected", [], 0) for one in (right, wrong)]
    found = figures(Round(1, [answers], tokens=80, tokens_now=40, seconds={"rollout": 2.0}))
    assert found["equals_gold"] == 0.5
    assert found["accepted_answers"] == 0.0
    assert found["tokens_per_second"] == 20.0


def test_a_round_without_answers_has_figures_too():
    assert figures(Round(1))["answers"] == 0


class Tracker:
    """Stands in for wandb and trackio."""

    def __init__(self, is_open: bool):
        run = "run" if is_open else None
        self.run, self.logged = run, []
        self.context_vars = SimpleNamespace(current_run=SimpleNamespace(get=lambda: run))

    def Table(self, dataframe):
        return dataframe.to_dict("records")

    def log(self, values):
        assert self.run, "logged before init"
        self.logged.append(values)


@pytest.mark.parametrize("name", ["wandb", "trackio"])
@pytest.mark.parametrize("is_open", [True, False])
def test_the_table_goes_to_a_tracker_whose_run_is_open(name, is_open, monkeypatch):
    tracker = Tracker(is_open)
    monkeypatch.setitem(sys.modules, name, tracker)
    rows = [{"query": "q", "answer": "a", "verdict": "kept"}]
    log_table([name], rows)
    assert tracker.logged == ([{"refinement_answers": rows}] if is_open else [])
    log_table([], rows)
    assert len(tracker.logged) == is_open
