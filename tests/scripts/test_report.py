"""Pins `funreason report` from end to end: real rounds of a tiny model, also while they are under way, and what is refused."""

import shutil

import pytest

from funreason_trl.scripts.cli import main
from tests.evaluation.bfcl.files import write_package
from tests.refinement.scripted import ScriptedGenerator, refining_trainer, rethought, scripted_callback, training_rows
from tests.report.files import write_state
from tests.report.test_page import check_harmless


@pytest.fixture
def refined(model, tokenizer, monkeypatch, tmp_path):
    """A run of two epochs with a round between them, in which one answer of four is garbage."""
    rows = training_rows(4)
    gold = {row["prompt"][-1]["content"]: row["completion"][0]["content"] for row in rows}

    def answer(messages, number):
        text = gold[messages[-1]["content"]]
        return "No." if text == next(iter(gold.values())) else rethought(text)

    callback = scripted_callback(monkeypatch, ScriptedGenerator(answer))
    folder = tmp_path / "refined"
    trainer = refining_trainer(folder, model, tokenizer, rows, callback, save_strategy="epoch")
    trainer.train()
    trainer.save_model(str(folder))
    return folder


def test_a_refined_run_with_its_evaluation(refined, model_folder, tmp_path, capsys):
    write_package(tmp_path / "package")
    fixed = [
        "--bfcl_data",
        str(tmp_path / "package"),
        "--categories",
        "multiple",
        "irrelevance",
        "--max_new_tokens",
        "4",
    ]
    main(["eval", "--model", str(model_folder), "--output", str(tmp_path / "scores"), *fixed])
    main(["report", str(refined), "--scores", str(tmp_path / "scores")])
    page = refined / "report.html"
    assert f"Report written to {page}" in capsys.readouterr().out
    found = check_harmless(page.read_text(encoding="utf-8"))
    for words in ("Loss of the thinking", "Round 1", "8 answers", "6 accepted", "round 1, trained on", "irrelevance"):
        assert words in found.text, words
    assert str(tmp_path) not in page.read_text(encoding="utf-8")


def test_a_run_in_progress(refined, tmp_path):
    first = min(refined.glob("checkpoint-*"), key=lambda path: int(path.name.partition("-")[2]))
    running = tmp_path / "running"
    shutil.copytree(first, running / first.name)
    main(["report", str(running), str(refined), "--output", str(tmp_path / "deep" / "page.html")])
    found = check_harmless((tmp_path / "deep" / "page.html").read_text(encoding="utf-8"))
    assert "stopped or still running, step 2 of 4" in found.text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{}"], "holds nothing of a run"),
        (["{}/none"], "is no folder; give the output folder"),
        (["{}", "--score", "{}"], "holds nothing of a run"),
    ],
)
def test_what_is_no_run_is_refused_in_a_line(arguments, words, tmp_path):
    with pytest.raises(SystemExit) as stop:
        main(["report", *(argument.format(tmp_path) for argument in arguments)])
    assert words in str(stop.value.code) and "\n" not in str(stop.value.code)


def test_a_run_must_be_given(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["report"])
    assert stop.value.code == 2
    assert "RUN" in capsys.readouterr().err


def test_a_place_that_can_not_be_written_to_is_refused(tmp_path):
    write_state(tmp_path / "run", 3)
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as stop:
        main(["report", str(tmp_path / "run"), "--output", str(tmp_path / "file" / "page.html")])
    assert str(tmp_path / "file") in str(stop.value.code)
