"""Pins that two ranks (gloo, on the processor) train, log and evaluate what one process does."""

from pathlib import Path

import pytest
import torch
from datasets import Dataset

from tests.srml.on_two_ranks import EVAL_ROWS, INTERRUPTED, RUNS, rows_of
from tests.srml.training import TOKENIZER, build_trainer, parameters, step_logs, update_difference
from tests.tiny import build_tiny_model, tiny_rows
from tests.two_ranks import launch_on_two_ranks


SCRIPT = Path(__file__).with_name("on_two_ranks.py")
START = parameters(build_tiny_model(len(TOKENIZER)))
NUMBERS = ("loss", "loss/think", "loss/result", "tokens/think_share", "alpha", "beta")


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    output_dir = tmp_path_factory.mktemp("two_ranks")
    return output_dir, launch_on_two_ranks(SCRIPT, output_dir)


def results(output_dir: Path, name: str) -> list[dict]:
    return [torch.load(output_dir / f"{name}-{rank}.pt", weights_only=False) for rank in range(2)]


def alone(name: str):
    """The run in one process, whose batches hold what those of both ranks did."""
    count, changes = RUNS[name]
    per_step = 2 * changes["per_device_train_batch_size"]
    rows = rows_of(name)
    if not changes.get("packing"):
        rows += rows[: -count % (per_step * changes.get("gradient_accumulation_steps", 1))]
    trainer = build_trainer(
        rows,
        **{**changes, "per_device_train_batch_size": per_step},
        arguments={"eval_dataset": Dataset.from_list(tiny_rows(EVAL_ROWS))},
    )
    trainer.train()
    return trainer


@pytest.mark.parametrize("name", list(RUNS))
def test_two_ranks_train_what_one_process_does(name, launched):
    expected = alone(name)
    ranks = results(launched[0], name)
    assert [rank["world_size"] for rank in ranks] == [2, 2]
    assert torch.equal(ranks[0]["parameters"], ranks[1]["parameters"])
    difference = update_difference(ranks[0]["parameters"], parameters(expected.model), START)
    assert difference < 5e-6
    assert len(ranks[0]["logs"]) == len(step_logs(expected))
    for log, expected_log in zip(ranks[0]["logs"], step_logs(expected), strict=True):
        for key in set(NUMBERS) & expected_log.keys():
            assert log[key] == pytest.approx(expected_log[key], rel=1e-6), key


@pytest.mark.parametrize("name", ["learned", "padding-free", "uneven"])
def test_theta_is_the_same_on_every_rank_and_as_in_one_process(name, launched):
    ranks = results(launched[0], name)
    assert ranks[0]["theta"] == ranks[1]["theta"]
    assert ranks[0]["theta"] == pytest.approx(alone(name).balance.theta, rel=1e-6)
    assert len({log["alpha"] for log in ranks[0]["logs"]}) == len(ranks[0]["logs"]) > 1


def test_a_resumed_run_goes_on_with_theta_on_every_rank(launched):
    ranks = results(launched[0], "resumed")
    (theta,) = {theta for rank in ranks for theta in rank["theta"]}
    whole, resumed = ranks[0]["alphas"]
    assert len(set(whole)) == 4 and resumed == whole  # the log of the first two steps comes from the checkpoint
    assert theta != build_trainer(**INTERRUPTED).balance.theta
    for rank in ranks:
        for found in rank["parameters"]:
            assert torch.equal(found, ranks[0]["parameters"][0])


@pytest.mark.parametrize("name", list(RUNS))
def test_two_ranks_evaluate_every_row_once(name, launched):
    expected = alone(name).evaluate()
    for rank in results(launched[0], name):
        for key in NUMBERS if name != "token" else NUMBERS[1:]:
            assert rank["metrics"][f"eval_{key}"] == pytest.approx(expected[f"eval_{key}"], rel=2e-6), key


def test_counting_only_the_tokens_of_one_rank_is_refused(launched):
    for refusals in results(launched[0], "refusals"):
        assert "set it to True" in refusals["average_tokens_across_devices"]


def test_both_ranks_warn_once(launched):
    assert launched[1].stderr.count("has a think token") == 1
