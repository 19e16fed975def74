"""Every number against a second way to compute it, and intervals that mean what they say."""

import random

import pytest

from funreason_trl.evaluation.bfcl.rows import CATEGORIES
from funreason_trl.evaluation.bfcl.scores import AGGREGATES, accuracies, compare, scores_json


SIZES = dict(zip(CATEGORIES, (400, 100, 50, 200, 200, 200, 240, 258, 1053, 16, 24, 884, 16), strict=True))


def verdicts(right: dict[str, int], count: dict[str, int]) -> dict[str, dict[str, bool]]:
    return {name: {f"{name}_{i}": i < right[name] for i in range(count[name])} for name in right}


@pytest.fixture
def run():
    return verdicts({name: size // (2 + i % 3) for i, (name, size) in enumerate(SIZES.items())}, SIZES)


def test_aggregates_are_the_fields_own(run):
    share = {name: sum(rows.values()) / len(rows) for name, rows in run.items()}
    simple = (share["simple_python"] + share["simple_java"] + share["simple_javascript"]) / 3
    non_live = (simple + share["multiple"] + share["parallel"] + share["parallel_multiple"]) / 4
    live_rows = [right for name in CATEGORIES if name in AGGREGATES["live_ast"].parts for right in run[name].values()]
    live = sum(live_rows) / len(live_rows)
    live_six = [right for name, rows in run.items() if name.startswith("live_") for right in rows.values()]
    expected = {
        "simple_ast": simple,
        "non_live_ast": non_live,
        "live_ast": live,
        "overall": (non_live + live) / 2,
        "v4_irrelevance": (share["irrelevance"] + share["live_irrelevance"]) / 2,
        "april_2025_non_live": (non_live * 4 + share["irrelevance"]) / 5,
        "april_2025_live": sum(live_six) / len(live_six),
    }
    scores = accuracies(run)
    for name, value in expected.items():
        assert scores[name].value == pytest.approx(value), name
    assert scores["overall"].count == 2501 and scores["april_2025_single_turn"].count == 3641
    assert set(scores) == {*CATEGORIES, *AGGREGATES}


def test_a_part_of_the_rows_is_weighed_like_the_whole(run):
    part = {name: dict(list(rows.items())[:10]) for name, rows in run.items()}
    scores = accuracies(part, SIZES)
    live = {name: scores[name].value * SIZES[name] for name in AGGREGATES["live_ast"].parts}
    assert scores["live_ast"].value == pytest.approx(sum(live.values()) / sum(SIZES[name] for name in live))
    assert scores["live_ast"].count == 40


def test_an_aggregate_without_all_of_its_parts_is_left_out(run):
    del run["simple_java"]
    assert {"simple_ast", "non_live_ast", "overall"}.isdisjoint(accuracies(run))
    assert "live_ast" in accuracies(run)
    assert accuracies({"multiple": {}}) == {}


@pytest.mark.parametrize(
    ("right", "count", "low", "high"), [(0, 10, 0, 0.2775), (10, 10, 0.7225, 1), (8, 10, 0.4902, 0.9433)]
)
def test_wilson_intervals(right, count, low, high):
    score = accuracies(verdicts({"multiple": right}, {"multiple": count}))["multiple"]
    assert (score.low, score.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@pytest.mark.parametrize("name", ["multiple", "overall"])
def test_intervals_hold_the_truth_about_95_times_in_100(name):
    draw = random.Random(0)
    truth = {category: 0.3 + 0.05 * i for i, category in enumerate(CATEGORIES)}
    sizes = dict.fromkeys(CATEGORIES, 40)
    expected = {name: truth["multiple"]} | {
        "overall": (
            (sum(truth[c] for c in AGGREGATES["simple_ast"].parts) / 3
             + truth["multiple"] + truth["parallel"] + truth["parallel_multiple"]) / 4
            + sum(truth[c] for c in AGGREGATES["live_ast"].parts) / 4
        ) / 2
    }  # fmt: skip
    held = 0
    for _ in range(400):
        rows = {c: {str(i): draw.random() < truth[c] for i in range(sizes[c])} for c in CATEGORIES}
        score = accuracies(rows)[name]
        held += score.low <= expected[name] <= score.high
    assert 0.91 <= held / 400 <= 0.99


def test_runs_are_compared_row_by_row():
    before = {"multiple": {str(i): i < 50 for i in range(100)}}
    better = {"multiple": {str(i): i < 60 for i in range(100)}}
    shuffled = {"multiple": {str(i): i >= 40 for i in range(100)}}
    clear, noisy = compare(before, better)["multiple"], compare(before, shuffled)["multiple"]
    assert clear.value == noisy.value == pytest.approx(0.1)
    assert clear.low > 0 and noisy.low < 0  # the same accuracies; only the rows tell
    assert compare(before, better) == compare(before, better)
    assert compare(before, before)["multiple"].low == compare(before, before)["multiple"].high == 0


def test_only_rows_of_both_runs_count():
    before, after = (
        {"multiple": {"a": True, "b": False}},
        {"multiple": {"b": True, "c": True}, "parallel": {"d": True}},
    )
    (name, difference), *_ = compare(before, after).items()
    assert (name, difference.value, difference.count) == ("multiple", 1, 1)
    assert compare(before, {}) == {}


def test_json_tells_the_formula(run):
    scores = scores_json(run)
    assert scores["overall"]["formula"].startswith("mean of non_live_ast and live_ast")
    assert "formula" not in scores["multiple"] and scores["multiple"]["count"] == 200
