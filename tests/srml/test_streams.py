"""Pins streaming rows: the same training as stored rows, also where a stream ends in the middle of a step."""

import pytest
import torch
from datasets import Dataset, IterableDataset

from tests.srml.training import build_trainer, parameters, step_logs, train
from tests.tiny import tiny_rows


def stream(rows: list[dict]) -> IterableDataset:
    return Dataset.from_list(rows).to_iterable_dataset()


@pytest.mark.parametrize("kind", ["stream", "generator"])
def test_a_stream_trains_as_its_rows_do(kind):
    rows = tiny_rows(16)
    two_steps_an_epoch = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 2, "max_steps": 4}
    streamed = train(
        stream(rows) if kind == "stream" else IterableDataset.from_generator(lambda: iter(rows)), **two_steps_an_epoch
    )
    stored = train(rows, **two_steps_an_epoch)
    assert torch.equal(parameters(streamed.model), parameters(stored.model))
    assert [log["loss/think"] for log in step_logs(streamed)] == [log["loss/think"] for log in step_logs(stored)]


def test_what_is_left_of_a_stream_does_not_leak_into_the_next_step(caplog):
    rows = tiny_rows(5)
    one_by_four = {"per_device_train_batch_size": 1, "gradient_accumulation_steps": 4, "max_steps": 3}
    ragged = train(stream(rows), **one_by_four)
    even = train(stream(rows[:4]), **one_by_four)
    assert [log["loss"] for log in step_logs(ragged)] == [log["loss"] for log in step_logs(even)]
    assert torch.equal(parameters(ragged.model), parameters(even.model))
    assert "they are left out" in caplog.text


def test_a_stream_that_is_shorter_than_a_step_is_no_training():
    with pytest.raises(
        ValueError, match=r"ended after 3 of the 4 micro-batches of the first optimizer step.*lower `gra"
    ):
        train(stream(tiny_rows(3)), per_device_train_batch_size=1, gradient_accumulation_steps=4, max_steps=2)


@pytest.mark.parametrize("rows", [Dataset.from_list([]), stream(tiny_rows(3)).take(0)])
def test_a_dataset_without_rows_is_refused(rows):
    with pytest.raises(ValueError, match="`train_dataset` has no rows"):
        build_trainer(rows)


def test_a_list_of_rows_is_refused_as_trl_does():
    with pytest.raises(TypeError, match="must be a `Dataset` or `IterableDataset`"):
        build_trainer(tuple(tiny_rows(2)))
