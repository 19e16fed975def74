"""Pins `funreason train`: recipe, overrides, environment, every source and rendering, what is written, what fails."""

import json
import os
import runpy
import sys
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import ModelConfig, TrlParser

from funreason_trl import SRMLConfig
from funreason_trl.data.rendering import render_python
from funreason_trl.data.sample import sample_rows
from funreason_trl.scripts.train import DataArguments, load_training_rows, main
from tests.data.published import XLAM


# The others are in tests/test_recipes.py.
RECIPES = [Path(__file__).parents[2] / "recipes" / "smollm2-135m" / "srml.yaml"]


@pytest.fixture
def write_recipe(write_yaml):
    """Writes a YAML file for two short steps, with what a test adds to it."""
    short = {"max_steps": 2, "per_device_train_batch_size": 2, "per_device_eval_batch_size": 4}
    return lambda **more: write_yaml(**{**short, **more})


def logged(output: Path) -> list[dict]:
    return json.loads((output / "trainer_state.json").read_text())["log_history"]


def write_lines(path: Path, rows: list[dict]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def xlam_rows(count: int) -> list[dict]:
    tool = {"name": "get_weather", "description": "Weather.", "parameters": {"city": {"type": "str"}}}
    return [
        {
            "id": index,
            "query": f"Weather in city {index}?",
            "tools": json.dumps([tool]),
            "answers": json.dumps([{"name": "get_weather", "arguments": {"city": f"city {index}"}}]),
        }
        for index in range(count)
    ]


def as_is_rows(count: int) -> list[dict]:
    return [example for row in sample_rows(count) for example in render_python(row)]


# What is trained, and what is written


def test_a_recipe_trains_and_leaves_model_tokenizer_and_log(write_recipe, tmp_path, model_folder):
    main(["--config", write_recipe()])
    out = tmp_path / "out"
    steps = [entry for entry in logged(out) if "loss/think" in entry]
    assert [entry["step"] for entry in steps] == [1, 2]
    for entry in steps:
        assert entry["alpha"] == entry["beta"] == 0.5
        assert 0 < entry["tokens/think_share"] < 1
        weighed = 0.5 * entry["loss/think"] + 0.5 * entry["loss/result"]
        assert entry["loss"] == pytest.approx(weighed, abs=2e-4)
    trained, start = (AutoModelForCausalLM.from_pretrained(folder) for folder in (out, model_folder))
    assert not trained.lm_head.weight.equal(start.lm_head.weight)
    assert (
        AutoTokenizer.from_pretrained(out).chat_template == AutoTokenizer.from_pretrained(model_folder).chat_template
    )


def test_the_command_line_wins_over_the_recipe(write_recipe, tmp_path):
    recipe = write_recipe(think_weight=0.9, result_weight=0.1)
    main(["--config", recipe, "--max_steps", "1", "--think_weight", "0.25", "--output_dir", str(tmp_path / "other")])
    (entry,) = [entry for entry in logged(tmp_path / "other") if "alpha" in entry]
    assert entry["alpha"] == 0.25
    assert entry["beta"] == 0.1
    assert not (tmp_path / "out").exists()


def test_the_env_block_sets_the_environment(write_recipe, monkeypatch):
    monkeypatch.setenv("FUNREASON_TEST", "before")
    main(["--config", write_recipe(env={"FUNREASON_TEST": 7}, max_steps=1)])
    assert os.environ["FUNREASON_TEST"] == "7"


def test_it_evaluates_on_the_held_out_part(write_recipe, tmp_path):
    main(["--config", write_recipe(eval_strategy="steps", eval_steps=1, dataset_test_split="heldout")])
    evaluations = [entry for entry in logged(tmp_path / "out") if "eval_loss" in entry]
    assert [entry["step"] for entry in evaluations] == [1, 2]
    assert all(entry["eval_loss/think"] > 0 and entry["eval_loss/result"] > 0 for entry in evaluations)


def test_the_sample_is_evaluated_on_its_held_out_rows_without_a_word_about_splits():
    arguments = DataArguments("sample", sample_size=4)
    held_out = load_training_rows(arguments, arguments.dataset_test_split)
    assert list(held_out) == list(load_training_rows(arguments, "heldout"))
    assert DataArguments("rows").dataset_test_split == "test"


def test_what_the_trainer_refuses_ends_with_its_words(write_recipe):
    with pytest.raises(SystemExit, match=r"^funreason train: No row of `train_dataset` has a result token"):
        main(["--config", write_recipe(think_start_tag="<think>", max_length=8, truncation_mode="keep_start")])


def test_a_value_error_of_a_running_training_keeps_its_trace(write_recipe, monkeypatch):
    def fail(*_, **__):
        raise ValueError("a fault of ours")

    monkeypatch.setattr("funreason_trl.scripts.train.SRMLTrainer.compute_loss", fail)
    with pytest.raises(ValueError, match="a fault of ours"):
        main(["--config", write_recipe()])


def test_lora_leaves_an_adapter(write_recipe, tmp_path):
    main(["--config", write_recipe(use_peft=True, lora_r=4, lora_target_modules="all-linear", max_steps=1)])
    assert (tmp_path / "out" / "adapter_model.safetensors").is_file()
    assert not (tmp_path / "out" / "model.safetensors").exists()


def test_it_resumes_from_a_checkpoint(write_recipe, tmp_path):
    # There is none yet, so training begins; it may have been ended before the first one was written.
    main(["--config", write_recipe(save_strategy="steps", save_steps=1, max_steps=1, resume_from_checkpoint=True)])
    out = tmp_path / "out"
    # Both go on after step 1.
    main(["--config", write_recipe(resume_from_checkpoint=str(out / "checkpoint-1"))])
    assert [entry["step"] for entry in logged(out) if "alpha" in entry] == [1, 2]
    main(["--config", write_recipe(max_steps=3), "--resume_from_checkpoint", "true"])
    assert [entry["step"] for entry in logged(out) if "alpha" in entry] == [1, 2, 3]


def test_a_tracker_that_is_missing_ends_with_what_installs_it(write_recipe, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(SystemExit, match=r"funreason train: .*`pip install wandb`"):
        main(["--config", write_recipe(report_to="wandb")])


def test_a_model_that_does_not_exist_ends_with_its_name(write_recipe):
    with pytest.raises(SystemExit, match=r"funreason train: .*nowhere/to-be-found"):
        main(["--config", write_recipe(model_name_or_path="./nowhere/to-be-found")])


# Sources and renderings


@pytest.mark.parametrize("streaming", [False, True])
def test_a_file_of_xlam_rows_trains(write_recipe, tmp_path, streaming):
    rows = write_lines(tmp_path / "rows.jsonl", xlam_rows(6))
    main(["--config", write_recipe(dataset_name=rows, dataset_streaming=streaming)])
    assert len([entry for entry in logged(tmp_path / "out") if "loss/result" in entry]) == 2


def test_a_bad_row_stops_the_run_with_its_place(write_recipe, tmp_path):
    rows = write_lines(tmp_path / "rows.jsonl", [*xlam_rows(2), {"query": "no tools"}])
    with pytest.raises(SystemExit, match=r"funreason train: .*rows\.jsonl:3"):
        main(["--config", write_recipe(dataset_name=rows)])


def test_a_bad_row_is_left_out_where_errors_are_counted(tmp_path):
    rows = write_lines(tmp_path / "rows.jsonl", [*xlam_rows(2), {"query": "no tools"}])
    assert len(load_training_rows(DataArguments(rows, on_error="count"), "train")) == 2


def test_a_file_that_is_not_there(write_recipe, tmp_path):
    with pytest.raises(SystemExit, match=r"funreason train: .*missing\.jsonl"):
        main(["--config", write_recipe(dataset_name=str(tmp_path / "missing.jsonl"))])


def test_one_file_is_not_evaluated_on_its_own_training_rows(write_recipe, tmp_path):
    rows = write_lines(tmp_path / "rows.jsonl", xlam_rows(4))
    with pytest.raises(SystemExit, match=r"^funreason train: .*evaluation would see the training rows; give a folder"):
        main(["--config", write_recipe(dataset_name=rows, eval_strategy="epoch")])


def test_a_folder_has_splits(tmp_path):
    write_lines(tmp_path / "train.jsonl", xlam_rows(4))
    write_lines(tmp_path / "test.jsonl", xlam_rows(2))
    arguments = DataArguments(str(tmp_path))
    assert [len(load_training_rows(arguments, split)) for split in ("train", "test")] == [4, 2]


@pytest.mark.parametrize("streaming", [False, True])
def test_as_is_takes_a_file_that_trl_could_train_on(write_recipe, tmp_path, streaming):
    rows = write_lines(tmp_path / "rows.jsonl", as_is_rows(6))
    main(["--config", write_recipe(dataset_name=rows, rendering="as_is", dataset_streaming=streaming, max_steps=1)])
    assert any("loss/think" in entry for entry in logged(tmp_path / "out"))


def test_native_is_refused_where_the_template_ignores_tools_and_python_is_named(write_recipe):
    with pytest.raises(SystemExit, match=r"^funreason train: .*chat template .*form='python'"):
        main(["--config", write_recipe(rendering="native")])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            {"dataset_name": "xlam.jsonl", "rendering": "as_is"},
            "has the columns answers, query, tools, which TRL does not",
        ),
        ({"dataset_name": "broken.jsonl", "rendering": "as_is"}, "broken.jsonl"),
        ({"resume_from_checkpoint": "nowhere"}, "`resume_from_checkpoint` is 'nowhere', which is no folder"),
    ],
)
def test_what_the_user_got_wrong_is_one_line(write_recipe, tmp_path, monkeypatch, wrong, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "xlam.jsonl").write_text(json.dumps(XLAM))
    (tmp_path / "broken.jsonl").write_text('{"text": "a"}\n{"text"\n')
    with pytest.raises(SystemExit, match=r"^funreason train: ") as stop:
        main(["--config", write_recipe(**wrong)])
    assert words in str(stop.value)


# What fails before anything is loaded


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"thnk_weight": 0.5}, "thnk_weight"),
        ({"think_weight": -1.0}, "`think_weight` is -1.0"),
        ({"sample_size": 0}, "`sample_size` is 0; set it to at least 1."),
        ({"rendering": "pyton"}, "`rendering` is 'pyton'; set it to one of 'python', 'native', 'as_is'"),
        ({"rendering": "as_is"}, "the sample is canonical rows; set it to 'python' or 'native'"),
    ],
)
def test_a_wrong_recipe_ends_with_2_and_names_what_is_wrong(write_recipe, capsys, wrong, words):
    with pytest.raises(SystemExit) as stop:
        main(["--config", write_recipe(**wrong)])
    assert stop.value.code == 2
    shown = capsys.readouterr().err
    assert words in shown
    assert len(shown.splitlines()) < 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--dataset_name"),
        (["--config", "missing.yaml"], "missing.yaml"),
        (["--dataset_name", "sample", "--bf16", "false", "--thnk_weight", "1"], "--thnk_weight"),
        (["--dataset_name", "sample", "--balance", "both"], "'both'"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_names_what_is_wrong(capsys, arguments, words):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    shown = capsys.readouterr().err
    assert words in shown
    assert len(shown.splitlines()) < 6


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
def test_it_runs_as_a_module_which_is_what_accelerate_launch_needs(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["train", "--help"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("funreason_trl.scripts.train", run_name="__main__")
    assert stop.value.code == 0
    assert "usage: funreason train" in capsys.readouterr().out


# Recipes


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_each_recipe_trains(recipe, model_folder, tmp_path):
    overrides = {
        "model_name_or_path": model_folder,
        "output_dir": tmp_path,
        "sample_size": 4,
        "max_steps": 1,
        "eval_strategy": "epoch",
        "logging_steps": 1,
        "bf16": False,
        "use_cpu": True,
        "dataloader_pin_memory": False,
    }
    arguments = [word for name, value in overrides.items() for word in (f"--{name}", str(value))]
    main(["--config", str(recipe), *arguments])
    history = logged(tmp_path)
    assert any("loss/think" in entry for entry in history)
    assert any("eval_loss/result" in entry for entry in history)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_each_recipe_names_itself_and_writes_to_a_folder_of_its_own(recipe):
    _, config, _ = TrlParser((DataArguments, SRMLConfig, ModelConfig)).parse_args_and_config(["--config", str(recipe)])
    named = recipe.relative_to(RECIPES[0].parents[2])
    assert f"funreason train --config {named}" in recipe.read_text()
    assert config.output_dir == f"runs/{recipe.parent.name}-{recipe.stem}"
