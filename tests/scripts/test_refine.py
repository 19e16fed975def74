"""Pins `funreason refine`: when rounds come, what the pool gets, how a run goes on, and what is refused before it starts."""

import json
import sys
from pathlib import Path

import pytest

from funreason_trl.data.rendering import render_python
from funreason_trl.data.sample import sample_rows
from funreason_trl.fcdr.judges import RuleJudge
from funreason_trl.fcdr.models import EndpointGone
from funreason_trl.fcdr.verdicts import Stage
from funreason_trl.refinement import RefinementConfig
from funreason_trl.scripts import refine as script
from funreason_trl.scripts.refine import main
from tests.refinement.scripted import ScriptedGenerator, rethought


ROWS = 8


@pytest.fixture
def answers_gold(monkeypatch):
    """Every query is answered with its teacher answer and one more sentence of thought."""
    examples = [render_python(row)[-1] for row in sample_rows(ROWS)]
    texts = {json.dumps(example["prompt"]): example["completion"][0]["content"] for example in examples}
    generator = ScriptedGenerator(lambda messages, number: rethought(texts[json.dumps(messages)]))
    monkeypatch.setattr("funreason_trl.refinement.callback.make_generator", lambda config, trainer, model: generator)
    return generator


@pytest.fixture
def write_config(write_yaml):
    """Writes a YAML file for a short run of one round on a few rows, with what a test adds to it."""
    short = {
        "cold_epochs": 1,
        "rounds": 1,
        "rows_per_round": ROWS,
        "answers_per_row": 1,
        "temperature": 0.0,
        "max_new_tokens": 4,
        "per_device_train_batch_size": 4,
        "max_length": 4096,
        "disable_tqdm": True,
    }
    return lambda **more: write_yaml(sample_size=ROWS, **{**short, **more})


def rounds(output: Path) -> list[dict]:
    return [json.loads(line) for line in (output / "refinement" / "refinement.jsonl").read_text().splitlines()]


def epochs_trained(output: Path) -> float:
    return json.loads((output / "trainer_state.json").read_text())["epoch"]


def test_cold_epochs_and_rounds(write_config, answers_gold, tmp_path):
    main(["--config", write_config(cold_epochs=2, rounds=2)])
    out = tmp_path / "out"
    assert epochs_trained(out) == 4
    lines = rounds(out)
    assert [(line["round"], line["epochs"]) for line in lines] == [(1, 2), (2, 3)]
    assert lines[0]["changed"]
    assert sum(count for origin, count in lines[0]["pool"].items() if int(origin)) == lines[0]["replaced"] > 0
    assert (out / "model.safetensors").is_file()


def test_rounds_may_be_several_epochs_apart(write_config, answers_gold, tmp_path):
    main(["--config", write_config(rounds=2, every_epochs=2)])
    assert epochs_trained(tmp_path / "out") == 5
    assert [line["epochs"] for line in rounds(tmp_path / "out")] == [1, 3]


def test_a_run_goes_on_from_its_last_checkpoint(write_config, answers_gold, tmp_path, capsys):
    config = write_config(save_strategy="epoch")
    main(["--config", config])
    with pytest.raises(SystemExit, match="holds the rounds of a run already; add --resume_from_checkpoint true"):
        main(["--config", config])
    asked = len(answers_gold.asked)
    main(["--config", config, "--rounds", "2", "--resume_from_checkpoint", "true"])
    assert epochs_trained(tmp_path / "out") == 3
    assert [line["round"] for line in rounds(tmp_path / "out")] == [1, 2]
    assert len(answers_gold.asked) == asked + ROWS


def test_resuming_begins_anew_where_there_is_no_checkpoint(write_config, answers_gold, tmp_path):
    main(["--config", write_config(resume_from_checkpoint=True)])
    assert epochs_trained(tmp_path / "out") == 2


def test_append_trains_after_each_round_on_the_rows_and_all_accepted_answers(write_config, answers_gold, tmp_path):
    out = tmp_path / "out"
    main(["--config", write_config(mode="append", rounds=2, save_strategy="epoch")])
    states = [json.loads((folder / "plan.json").read_text()) for folder in sorted(out.glob("training-*"))]
    # Batches of four, of 8 rows, then of 16 and 24.
    assert [state["done"] for state in states] == [0, 2, 6]
    assert states[-1]["total"] == 12
    assert json.loads((out / "trainer_state.json").read_text())["global_step"] == 6
    assert (out / "model.safetensors").is_file()
    asked = len(answers_gold.asked)
    main(["--config", write_config(mode="append", rounds=2, save_strategy="epoch", resume_from_checkpoint=True)])
    assert len(answers_gold.asked) == asked


def test_judges_of_other_models_are_asked(write_config, answers_gold, tmp_path, monkeypatch, model_folder):
    made = []
    monkeypatch.setattr(
        script, "make_judges_and_teacher", lambda arguments: made.append(arguments.judges()) or ({}, None)
    )
    url = "http://127.0.0.1:9/v1"
    main(["--config", write_config(judge_models=["a", f"b@{url}"], stage_judges={"response": "rules"})])
    (judges,) = made
    assert judges.pop("response") == []
    assert set(map(tuple, judges.values())) == {("a", f"b@{url}")}


def test_an_endpoint_that_is_gone_ends_the_run_and_says_how_to_go_on(write_config, answers_gold, monkeypatch):
    class GoneJudge(RuleJudge):
        async def judge(self, stage, candidate):
            raise EndpointGone("Nobody is there.")

    monkeypatch.setattr(script, "make_judges_and_teacher", lambda _: ({Stage.REASONING: GoneJudge()}, None))
    words = r"(?s)funreason refine: Nobody is there\..*--resume_from_checkpoint true goes on"
    with pytest.raises(SystemExit, match=words):
        main(["--config", write_config(judge_models="a", judge_base_url="http://127.0.0.1:9/v1")])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rows_per_runde": 3}, "there is no option 'rows_per_runde', which "),
        ({"rounds": 0}, "`rounds` is 0; give 1 or more"),
        ({"cold_epochs": 0}, "`cold_epochs` is 0; give 1 or more"),
        ({"num_train_epochs": 7}, "`num_train_epochs` is 7, but `cold_epochs` and `rounds`"),
        ({"first_round": 3}, "`first_round` is 3"),
        ({"max_steps": 10}, "`max_steps` is 10"),
        ({"rendering": "native"}, "`rendering` is 'native' and `form` is 'python'"),
        ({"judge": "self", "judge_models": ["a"]}, "`judge` is 'self', but `judge_models`"),
        ({"judge": "endpoint"}, "`judge` is 'endpoint'; set it to one of 'rules', 'self'"),
        ({"stage_judges": {"reasonin": "a"}}, "there is no stage 'reasonin'"),
        ({"threshold": 2.0}, "`threshold` is 2.0"),
        ({"mode": "swap"}, "`mode` is 'swap'; set it to one of"),
        ({"expected_acceptance": 1.5}, "`expected_acceptance` is 1.5; give a share from 0 to 1"),
        ({"mode": "append", "resume_from_checkpoint": "out/checkpoint-3"}, "set it to true"),
        ({"vllm_server_base_url": "http://127.0.0.1:9"}, "set engine='vllm' and vllm_mode='server'"),
        ({"thnk_weight": 0.5}, "did you mean 'think_weight'?"),
    ],
)
def test_a_wrong_config_ends_with_2_and_names_what_is_wrong(write_config, capsys, wrong, words):
    with pytest.raises(SystemExit) as stop:
        main(["--config", write_config(**wrong)])
    assert stop.value.code == 2
    shown = capsys.readouterr().err
    assert words in shown
    assert len(shown.splitlines()) < 6


def test_an_engine_that_is_not_installed_is_refused_before_the_cold_start(write_config, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(SystemExit, match=r"funreason refine: `engine` is 'vllm', .*funreason-trl\[vllm\]"):
        main(["--config", write_config(engine="vllm")])
    assert not (tmp_path / "out").exists()


def test_the_help_has_the_options_of_training_and_of_rounds(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith("usage: funreason refine")
    for name in ("cold_epochs", "rows_per_round", "judge_models", "think_weight", "lora_r", "dataset_name"):
        assert f"--{name}" in shown


def test_the_options_of_the_command_have_different_names():
    # `TrlParser` ends with a message of argparse's otherwise, and only when the command is started.
    assert RefinementConfig.__dataclass_fields__.keys().isdisjoint(script.RefineArguments.__dataclass_fields__)
