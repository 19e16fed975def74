"""The planted test: a teacher that is mostly wrong, gold answers for the judge, and a model that learns from scratch."""

import sys
from pathlib import Path

import pytest


# The benchmarks are scripts, which Python runs with their own folder on its path.
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from planted_refinement import FIRST_ROUND, play


@pytest.mark.parametrize("seed", range(5))
def test_accuracy_rises_over_rounds_and_not_without_them(tmp_path, seed):
    runs = {}
    for arm in ("without", "refined"):
        folder = tmp_path / arm
        folder.mkdir()
        runs[arm] = play(arm, seed, folder)
    without, refined = runs["without"], runs["refined"]
    before = refined["accuracy"][:FIRST_ROUND]
    assert before == without["accuracy"][:FIRST_ROUND]  # the same run until the first round

    # Seen: 25% without, and 75% or more with rounds. A request is a quarter of the queries.
    assert refined["accuracy"][-1] >= without["accuracy"][-1] + 0.3
    assert refined["accuracy"][-1] >= before[-1] + 0.2
    assert without["accuracy"][-1] < 0.5

    assert all(line["changed"] for line in refined["rounds"])
    pool = refined["right_rows"][FIRST_ROUND - 1 :]
    assert pool == sorted(pool) and pool[-1] >= pool[0] + 0.3
    assert set(without["right_rows"]) == {pool[0]}
