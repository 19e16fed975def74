"""The pool: what takes whose place, and what a saved one goes back to."""

import numpy as np
import pytest
from datasets import Dataset

from funreason_trl.refinement.pool import Pool, PoolError, RefinedRow, prompt_digest


def tokens(prompt: list[int], answer: list[int]) -> dict[str, list[int]]:
    """A prepared row: the prompt is not trained, the first half of the answer is thinking."""
    think = len(answer) // 2
    return {
        "input_ids": prompt + answer,
        "labels": [-100] * len(prompt) + answer,
        "segments": [0] * len(prompt) + [1] * think + [2] * (len(answer) - think),
    }


def training_set(count: int = 10) -> Dataset:
    return Dataset.from_list([tokens([7, number], [20, 21, 22 + number]) for number in range(count)])


def refined(number: int, round: int = 1, answer=(30, 31, 32, 33)) -> RefinedRow:
    return RefinedRow.of(f"row {number}", round, tokens([7, number], list(answer)))


def test_untouched_it_is_the_training_set():
    pool = Pool(training_set())
    assert [pool[slot] for slot in range(len(pool))] == list(training_set())
    assert pool.rounds == {0: 10}


def test_replace_puts_a_row_in_the_place_of_the_same_prompt():
    pool = Pool(training_set())
    assert pool.replace([refined(3), refined(8), refined(99)], share=1.0, seed=0) == 2
    assert pool[3] == tokens([7, 3], [30, 31, 32, 33])
    assert {slot for slot in range(10) if pool[slot] != training_set()[slot]} == {3, 8}
    assert pool.rounds == {0: 8, 1: 2}
    assert len(pool) == 10


def test_replace_fills_all_places_of_a_prompt_that_comes_twice():
    pool = Pool(Dataset.from_list([*training_set(2), *training_set(2)]))
    assert pool.replace([refined(1)], share=1.0, seed=0) == 2
    assert pool[1] == pool[3] != pool[0]


def test_replace_keeps_what_earlier_rounds_put_elsewhere():
    pool = Pool(training_set())
    pool.replace([refined(3), refined(4)], share=1.0, seed=0)
    pool.replace([refined(4, round=2, answer=(40, 41))], share=1.0, seed=0)
    assert pool.rounds == {0: 8, 1: 1, 2: 1}
    assert pool[4] == tokens([7, 4], [40, 41])


def test_replace_leaves_the_same_share_original_in_every_round():
    pool = Pool(training_set())
    for round in (1, 2, 3):
        assert pool.replace([refined(number, round) for number in range(10)], share=0.35, seed=5) == 3
        assert pool.rounds == {0: 7, round: 3}


def test_mix_puts_rows_in_any_place_up_to_the_share():
    pool = Pool(training_set())
    foreign = [refined(100 + number) for number in range(8)]
    assert pool.mix(foreign[:2], share=0.5, seed=0) == 2
    assert pool.mix(foreign, share=0.5, seed=0) == 5
    assert pool.rounds == {0: 5, 1: 5}


def test_mix_takes_the_newest_first_and_older_ones_as_far_as_there_is_room():
    pool = Pool(training_set())
    pool.mix([refined(100 + number, round=1) for number in range(4)], share=0.5, seed=0)
    pool.mix([refined(200 + number, round=2) for number in range(3)], share=0.5, seed=0)
    assert pool.rounds == {0: 5, 1: 2, 2: 3}


def test_going_back_to_a_copy():
    pool = Pool(training_set())
    pool.replace([refined(1)], share=1.0, seed=0)
    before, digest = pool.copy_refined(), pool.digest
    pool.replace([refined(1, round=2), refined(2, round=2)], share=1.0, seed=0)
    assert pool.digest != digest
    pool.put_back(before)
    assert pool.digest == digest
    assert pool.rounds == {0: 9, 1: 1}


def test_the_same_content_is_the_same_bytes(tmp_path):
    first, second = Pool(training_set()), Pool(training_set())
    first.replace([refined(1), refined(2)], share=1.0, seed=0)
    second.replace([refined(2)], share=1.0, seed=0)
    second.replace([refined(1)], share=1.0, seed=0)
    first.save(tmp_path / "first.parquet")
    second.save(tmp_path / "second.parquet")
    assert (tmp_path / "first.parquet").read_bytes() == (tmp_path / "second.parquet").read_bytes()
    assert first.digest == second.digest
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["first.parquet", "second.parquet"]


@pytest.mark.parametrize("rows", [[], [refined(1), refined(4, round=3, answer=(50,))]])
def test_a_saved_pool_comes_back(rows, tmp_path):
    pool, other = Pool(training_set()), Pool(training_set())
    pool.replace(rows, share=1.0, seed=0)
    other.replace([refined(9)], share=1.0, seed=0)
    pool.save(tmp_path / "pool.parquet")
    other.restore(tmp_path / "pool.parquet")
    assert [other[slot] for slot in range(10)] == [pool[slot] for slot in range(10)]
    assert other.rounds == pool.rounds
    assert other.digest == pool.digest


@pytest.mark.parametrize(
    "other",
    [
        training_set(9),
        training_set().select([1, 0, *range(2, 10)]),
        training_set().map(lambda row: tokens([5], [6, 7])),
    ],
    ids=["fewer rows", "another order", "other tokens"],
)
def test_the_pool_of_another_training_set_is_refused(other, tmp_path):
    pool = Pool(training_set())
    pool.replace([refined(1)], share=1.0, seed=0)
    pool.save(tmp_path / "pool.parquet")
    with pytest.raises(PoolError, match=r"pool\.parquet belongs to another training set \(10 rows"):
        Pool(other).restore(tmp_path / "pool.parquet")


def test_refined_rows_are_arrays():
    for values in refined(1).tokens.values():
        assert isinstance(values, np.ndarray) and values.dtype == np.int32


@pytest.mark.parametrize(
    ("row", "other", "same"),
    [
        (tokens([1, 2], [5, 6]), tokens([1, 2], [7, 8, 9]), True),
        (tokens([1, 2], [5, 6]), tokens([1, 3], [5, 6]), False),
        # Of several answers, only the last one may differ.
        (
            {"input_ids": [1, 5, 2, 6], "segments": [0, 2, 0, 2]},
            {"input_ids": [1, 5, 2, 7, 8], "segments": [0, 2, 0, 1, 2]},
            True,
        ),
        (
            {"input_ids": [1, 5, 2, 6], "segments": [0, 2, 0, 2]},
            {"input_ids": [1, 4, 2, 6], "segments": [0, 2, 0, 2]},
            False,
        ),
        # Some templates write what is not trained after the answer.
        (
            {"input_ids": [1, 5, 9], "segments": [0, 2, 0]},
            {"input_ids": [1, 6, 7, 9], "segments": [0, 1, 2, 0]},
            True,
        ),
    ],
)
def test_rows_belong_together_by_their_prompt(row, other, same):
    assert (prompt_digest(row) == prompt_digest(other)) is same
