"""Pins what is found in a run's folder: the newest of everything, one log of several trainings, and errors with a mend."""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from funreason_trl.report import ReportError
from funreason_trl.report.reading import names_apart, read_run, read_runs

from .files import history, quickstart_answer, round_line, write_json, write_quickstart, write_rounds, write_state


def test_an_empty_folder_is_refused_with_what_to_give(tmp_path):
    with pytest.raises(
        ReportError, match=f"{re.escape(str(tmp_path))} holds nothing of a run.*give the output folder"
    ):
        read_run(tmp_path, "run")


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ReportError, match="is no folder; give the output folder"):
        read_run(tmp_path / "none", "run")


@pytest.mark.parametrize(
    "name", ["funreason_run.json", "trainer_state.json", "refinement/refinement.jsonl", "results.json"]
)
def test_a_broken_file_is_named(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"step": ')
    with pytest.raises(ReportError, match=re.escape(str(path))):
        read_run(tmp_path, "run")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("trainer_state.json", {"log_history": "x"}, '`log_history` is "x", where a list is expected'),
        ("trainer_state.json", {"log_history": [{"step": "ten"}]}, '`log_history[0].step` is "ten"'),
        ("trainer_state.json", {"max_steps": 10**400}, "`max_steps` is 1000000"),
        ("funreason_run.json", {"version": 1, "dataset": "x"}, "`dataset` is 'x', not an object"),
        ("funreason_run.json", {"version": 1, "log_history": 3}, "`log_history` is 3, where a list is expected"),
        (
            "funreason_run.json",
            {"version": 1, "training": {"planned_steps": "ten"}},
            '`training.planned_steps` is "ten", where a whole number is expected; take the file from the run anew',
        ),
        ("refinement/refinement.jsonl", 3, "1 is 3, "),
        ("refinement/refinement.jsonl", {"funnel": {"format": 1}}, "round 1: `funnel.format` is 1"),
        ("refinement/refinement.jsonl", {"warnings": "odd"}, 'round 1: `warnings` is "odd", where a list'),
        ("results.json", {"before": {}, "options": {}}, "`options.model` is missing, where a text is expected"),
    ],
)
def test_a_field_of_another_kind_is_named(tmp_path, name, content, words):
    path = write_json(tmp_path / name, content)
    with pytest.raises(ReportError, match=f"{re.escape(str(path))}.*{re.escape(words)}"):
        read_run(tmp_path, "run")


def test_fields_that_are_null_are_not_known(tmp_path):
    record = {"version": 1, "log_history": None, "training": None, "loss": None, "adapter": None}
    write_json(tmp_path / "funreason_run.json", record)
    write_json(tmp_path / "trainer_state.json", {"log_history": None, "max_steps": None})
    run = read_run(tmp_path, "run")
    assert (run.record, run.history, run.total) == ({"adapter": None}, [], 0)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000], ids=["no UTF-8", "deep"])
@pytest.mark.parametrize("name", ["funreason_run.json", "refinement/refinement.jsonl"])
def test_what_the_records_own_reader_trips_over_is_named_too(tmp_path, name, content):
    path = write_json(tmp_path / name, {})
    path.write_bytes(content)
    with pytest.raises(ReportError, match=re.escape(str(path))):
        read_run(tmp_path, "run")


def test_a_round_whose_answers_are_cut_off_is_warned_of(tmp_path):
    write_rounds(tmp_path, [round_line(1), round_line(2, warnings=["odd"])])
    path = next((tmp_path / "refinement" / "round-002").rglob("train-*.parquet"))
    path.write_bytes(path.read_bytes()[:-20])
    run = read_run(tmp_path, "run")
    assert {lengths.label for lengths in run.lengths} == {"round 1, all answers", "round 1, trained on"}
    (warning,) = run.rounds[1]["warnings"][1:]
    assert run.rounds[0]["warnings"] == [] and f"round-002/data/{path.name} can't be read" in warning


def test_a_round_of_other_columns_is_warned_of(tmp_path):
    write_rounds(tmp_path, [round_line(1)])
    for path in tmp_path.rglob("*.parquet"):
        pq.write_table(pa.table({"other": [1]}), path)
    run = read_run(tmp_path, "run")
    assert run.lengths == [] and "can't be read" in run.rounds[0]["warnings"][0]


def test_a_run_in_progress_is_read_from_its_newest_checkpoint(tmp_path):
    write_state(tmp_path / "checkpoint-9", 9)
    write_state(tmp_path / "checkpoint-4", 4)
    (tmp_path / "checkpoint-best").mkdir()
    run = read_run(tmp_path, "run")
    assert (run.step, run.total, len(run.history), run.running) == (9, 10, 9, True)


def test_a_finished_run_is_read_from_its_own_folder(tmp_path):
    write_state(tmp_path / "checkpoint-9", 9)
    write_state(tmp_path, 10)
    run = read_run(tmp_path, "run")
    assert (run.step, run.running) == (10, False)


def test_a_run_that_was_taken_up_again_is_read_from_what_went_on_longest(tmp_path):
    write_state(tmp_path, 5)
    record = {"version": 1, "loss": {"balance": "fixed"}, "training": {"planned_steps": 10}, "log_history": history(7)}
    write_json(tmp_path / "funreason_run.json", record)
    assert (read_run(tmp_path, "run").step, read_run(tmp_path, "run").total) == (7, 10)
    write_state(tmp_path / "checkpoint-8", 8)
    run = read_run(tmp_path, "run")
    assert (run.step, run.total) == (8, 10)
    assert run.record == {"loss": {"balance": "fixed"}, "training": {"planned_steps": 10}}


def test_trainings_that_follow_each_other_are_one_log(tmp_path):
    for number, (done, steps) in enumerate(((0, 6), (6, 8), (14, 3))):
        folder = tmp_path / f"training-{number:03d}"
        write_json(folder / "plan.json", {"done": done, "total": 20})
        write_state(folder / f"checkpoint-{steps}", steps, planned=8)
    write_rounds(tmp_path, [round_line(1, step=6), round_line(2, step=8)])
    run = read_run(tmp_path, "run")
    assert [entry["step"] for entry in run.history] == list(range(1, 18))
    assert (run.step, run.total) == (17, 20)
    assert [line["step"] for line in run.rounds] == [6, 14]


def test_rounds_and_the_lengths_of_their_answers(tmp_path):
    write_rounds(tmp_path, [round_line(1)], thoughts=("12345", "1234567"))
    run = read_run(tmp_path, "run")
    everything, trained = run.lengths
    assert (everything.label, sorted(everything.think)) == ("round 1, all answers", [5, 7])
    assert (trained.label, trained.think) == ("round 1, trained on", [5])
    assert trained.call == [len("[weather(city='Oslo')]")]


def test_a_round_whose_answers_were_deleted_keeps_its_figures(tmp_path):
    write_rounds(tmp_path, [round_line(1)])
    for path in tmp_path.rglob("*.parquet"):
        path.unlink()
    run = read_run(tmp_path, "run")
    assert len(run.rounds) == 1 and run.lengths == []


def test_the_quickstart(tmp_path):
    write_quickstart(tmp_path, [quickstart_answer("a", "no", "[weather(city='Oslo')]")])
    write_json(
        tmp_path / "model" / "adapter_config.json", {"base_model_name_or_path": "smollm2", "r": 16, "secret": 1}
    )
    run = read_run(tmp_path, "run")
    assert [entry["loss/result"] for entry in run.history][:2] == [1.0, 0.5]
    assert run.adapter == {"base_model_name_or_path": "smollm2", "r": 16}
    assert run.step == 5


def test_lengths_of_the_quickstarts_rounds_whose_lines_lie_beside_the_model(tmp_path):
    write_quickstart(tmp_path, [])
    write_rounds(tmp_path / "trainer", [round_line(1)])
    lines = (tmp_path / "trainer" / "refinement" / "refinement.jsonl").read_text()
    beside = tmp_path / "model" / "refinement" / "refinement.jsonl"
    beside.parent.mkdir(parents=True)
    beside.write_text(lines)
    assert len(read_run(tmp_path, "run").lengths) == 2


def test_other_results_are_no_quickstart(tmp_path):
    (tmp_path / "results.json").write_text(json.dumps({"accuracy": 1}))
    with pytest.raises(ReportError, match="holds nothing of a run"):
        read_run(tmp_path, "run")


def test_runs_of_one_name_are_told_apart(tmp_path):
    for parent in ("a", "b"):
        write_state(tmp_path / parent / "run", 3)
    assert [run.name for run in read_runs([tmp_path / "a" / "run", tmp_path / "b" / "run"])] == ["a/run", "b/run"]


def test_as_many_folders_above_as_it_takes(tmp_path):
    assert names_apart([tmp_path / "a" / "x" / "run", tmp_path / "b" / "x" / "run"]) == ["a/x/run", "b/x/run"]
    assert names_apart([tmp_path / "run", tmp_path / "run"]) == ["run", "run"]
