"""Two ranks (gloo, on the processor) split the rollouts, and end with the pool and the weights of one process."""

from pathlib import Path

import pytest
import torch

from funreason_trl.fcdr.journal import Journal
from tests.tiny import build_tiny_model
from tests.two_ranks import launch_on_two_ranks

from .on_two_ranks import RUNS, run
from .short import TOKENIZER, round_lines


SCRIPT = Path(__file__).with_name("on_two_ranks.py")


@pytest.fixture(scope="module")
def launched(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("two_ranks")
    launch_on_two_ranks(SCRIPT, folder)  # ends with an error if a rank hangs
    return folder


def results(folder: Path, name: str) -> list[dict]:
    return [torch.load(folder / f"{name}-{rank}.pt", weights_only=False) for rank in range(2)]


def start() -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in build_tiny_model(len(TOKENIZER)).parameters()])


@pytest.mark.parametrize("name", RUNS)
def test_both_ranks_end_with_the_same_pool_weights_and_rounds(name, launched):
    first, second = results(launched, name)
    assert first["world_size"] == second["world_size"] == 2
    assert torch.equal(first["weights"], second["weights"])
    assert first["pool"] == second["pool"]
    assert [unhurried(line) for line in first["rounds"]] == [unhurried(line) for line in second["rounds"]]
    assert len(first["rounds"]) == 2


def unhurried(line: dict) -> dict:
    return {name: value for name, value in line.items() if name not in ("seconds", "figures")}


@pytest.mark.parametrize("name", [name for name in RUNS if name != "judged by itself"])
def test_two_ranks_do_what_one_process_does(name, launched, tmp_path):
    alone = run(name, tmp_path, ranks=1)
    found = results(launched, name)[0]
    assert all(line["accepted"] for line in alone["rounds"])
    assert [line["pool"] for line in found["rounds"]] == [line["pool"] for line in alone["rounds"]]
    assert found["pool"] == alone["pool"]
    difference = (found["weights"] - alone["weights"]).abs().max() / (alone["weights"] - start()).abs().max()
    assert difference < 2e-5


@pytest.mark.parametrize(
    ("name", "asked"),
    # In two rounds. A rank without a row of its own answers the first one of the chunk, to compute as often.
    [("two and one", (4, 4)), ("one and one, then one and none", (4, 4)), ("one and none", (2, 2))],
)
def test_each_rank_answers_its_share(name, asked, launched):
    assert tuple(rank["asked"] for rank in results(launched, name)) == asked


@pytest.mark.parametrize("name", RUNS)
def test_there_is_one_journal_and_a_line_for_each_round(name, launched):
    assert [line["round"] for line in round_lines(launched / name)] == [1, 2]
    with Journal(launched / name / "refinement" / "journal.sqlite") as journal:
        answers = journal._run("SELECT count(*) FROM answers WHERE step LIKE 'rollout%'").fetchone()[0]
    assert answers == 2 * RUNS[name]["rows_per_round"] * RUNS[name].get("answers_per_row", 2)


def test_two_ranks_go_on_from_a_checkpoint(launched):
    expected = results(launched, "two and one")[0]
    for rank in results(launched, "resumed"):
        assert torch.equal(rank["weights"], expected["weights"])
        assert rank["pool"] == expected["pool"]
        assert rank["asked"] == 2  # of round 2 only
    assert [line["round"] for line in round_lines(launched / "resumed")] == [1, 2]


def test_a_sharded_model_that_would_judge_itself_alone_is_refused(launched):
    assert all("set judge='rules'" in message for message in results(launched, "sharded"))
