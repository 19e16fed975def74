"""Pins the record of a run: what the trainer writes where, what is left out, and what a reader is told of a broken one."""

import copy
import json
import pickle
from pathlib import Path

import pytest
from datasets import Dataset, concatenate_datasets, load_dataset
from huggingface_hub import HfApi
from peft import LoraConfig
from transformers import AutoModelForCausalLM, BitsAndBytesConfig
from trl import ModelConfig

from funreason_trl.data.rendering import SYSTEM_PROMPT
from funreason_trl.hub import push_model
from funreason_trl.record import (
    ROUNDS,
    RecordError,
    base_model_facts,
    dataset_facts,
    hub_name,
    known_facts,
    public_name,
    read_record,
    read_rounds,
    write_record,
)
from funreason_trl.refinement.checkpoint import FOLDER, LINES
from funreason_trl.scripts.refine import main as refine
from funreason_trl.scripts.train import DataArguments, make_trainer
from funreason_trl.scripts.train import main as train_from_command_line
from funreason_trl.srml.attached import AttachedCallback
from funreason_trl.srml.recording import loaded_dataset_facts
from tests.hub.routes import WRITE_TOKEN
from tests.hub.trained import python_rows, train_into
from tests.srml.training import TOKENIZER, build_trainer, config, train
from tests.tiny import build_tiny_model, tiny_rows


# ---------------------------------------------------------------------------------------------------- written and read


def test_what_is_not_known_is_left_out(tmp_path):
    facts = {"form": None, "adapter": None, "quantization": None, "dataset": {"name": "a", "revision": None}}
    facts |= {"loss": {}, "log_history": [{"loss": float("nan"), "step": 1}]}
    write_record(tmp_path / "new", known_facts(facts))
    assert read_record(tmp_path / "new") == {
        "version": 1,
        "adapter": None,
        "quantization": None,
        "dataset": {"name": "a"},
        "log_history": [{"loss": None, "step": 1}],
    }
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["funreason_run.json"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"holds no funreason_run\.json; give a folder that a training with this package saved"),
        ("{", r"funreason_run\.json is not JSON"),
        ("[]", "has no `version`"),
        ('{"version": 99}', "has version 99, and this package reads up to 1; install a newer funreason-trl"),
        ('{"version": 1, "loss": 3}', "`loss` is 3, not an object"),
        ('{"version": 1, "adapter": {"r": "8\\n```"}}', r"`adapter\.r` is '8\\n```', not a whole number"),
    ],
)
def test_records_that_can_not_be_read(tmp_path, content, message):
    if content is not None:
        (tmp_path / "funreason_run.json").write_text(content)
    with pytest.raises(RecordError, match=message):
        read_record(tmp_path)
    with pytest.raises(RecordError, match="nowhere is no folder"):
        read_record(tmp_path / "nowhere")


def test_rounds(tmp_path):
    assert f"{FOLDER}/{LINES}" == ROUNDS
    assert read_rounds(tmp_path) == []
    (tmp_path / FOLDER).mkdir()
    (tmp_path / ROUNDS).write_text('{"round": 1}\n{"round": 2}\n')
    assert [one["round"] for one in read_rounds(tmp_path)] == [1, 2]
    (tmp_path / ROUNDS).write_text('{"round": 1}\n{"rou')
    with pytest.raises(RecordError, match=r"refinement\.jsonl:2 is not JSON"):
        read_rounds(tmp_path)
    (tmp_path / ROUNDS).write_text('{"round": 1}\n[]\n')
    with pytest.raises(RecordError, match=r"refinement\.jsonl:2 is \[\], not an object"):
        read_rounds(tmp_path)


# ------------------------------------------------------------------------------------------------------------- names


def test_names_without_folders_of_this_machine(tmp_path, monkeypatch):
    (tmp_path / "runs/base").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for name, public in {
        "Qwen/Qwen3-4B": "Qwen/Qwen3-4B",
        "gpt2": "gpt2",
        "runs/base": "base",
        str(tmp_path / "runs/base"): "base",
        "/gone/base": "base",
        "./gone/base": "base",
        "/cache/models/smollm2-135m-instruct": "HuggingFaceTB/SmolLM2-135M-Instruct",
    }.items():
        assert public_name(name) == public
    assert base_model_facts("") == {}
    assert base_model_facts("Qwen/Qwen3-4B", "v1") == {"name": "Qwen/Qwen3-4B", "revision": "v1"}
    assert base_model_facts("runs/base", "main") == {"name": "base"}
    assert base_model_facts("/cache/models/smollm2-135m-instruct")["license"] == "apache-2.0"


def test_folders_of_the_hubs_cache_are_names_of_the_hub(tmp_path):
    commit = "0123456789abcdef0123456789abcdef01234567"
    model = tmp_path / f"hub/models--Qwen--Qwen3-4B/snapshots/{commit}"
    rows = tmp_path / f"hub/datasets--alice--calls/snapshots/{commit}"
    rows.mkdir(parents=True)
    for there in (False, True):
        assert base_model_facts(str(model), "main") == {"name": "Qwen/Qwen3-4B", "revision": commit}
        assert hub_name(str(model)) == public_name(f"{model}/") == "Qwen/Qwen3-4B"
        model.mkdir(parents=True, exist_ok=there)
    assert dataset_facts(str(rows), "train") == {"name": "alice/calls", "revision": commit, "split": "train"}
    assert hub_name(str(tmp_path / "hub/models--gpt2/snapshots/607a30d")) == "gpt2"


def test_versions_of_data(hub, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text("{}\n")
    first = dataset_facts(str(rows), "train")
    assert (first["name"], first["split"]) == ("rows.jsonl", "train") and first["revision"].startswith("sha256:")
    assert dataset_facts(str(tmp_path / "rows.jsonl"))["revision"] == first["revision"]
    rows.write_text("{}\n{}\n")
    assert dataset_facts(str(rows))["revision"] != first["revision"]
    (tmp_path / "folder/data").mkdir(parents=True)
    assert dataset_facts(str(tmp_path / "folder")) == {"name": "folder"}
    (tmp_path / "folder/data/train.jsonl").write_text("{}\n")
    assert "revision" in dataset_facts(str(tmp_path / "folder"))

    Dataset.from_dict({"a": [1]}).push_to_hub("alice/calls", token=WRITE_TOKEN)
    assert dataset_facts("alice/calls")["revision"] == hub.repo("alice/calls").refs["main"]
    assert dataset_facts("alice/nothing") == {"name": "alice/nothing"}
    hub.stop()
    assert dataset_facts("alice/calls") == {"name": "alice/calls"}


def test_versions_of_what_comes_from_the_hub(hub, tmp_path):
    """The commit that was loaded, also where the branch has moved since."""
    rows = Dataset.from_list([{key: row[key] for key in ("prompt", "completion")} for row in tiny_rows(4)])
    rows.push_to_hub("alice/calls", token=WRITE_TOKEN)
    push_model(train_into(tmp_path / "trained") / "base", "alice/base", token=WRITE_TOKEN)
    loaded, model = load_dataset("alice/calls", split="train"), AutoModelForCausalLM.from_pretrained("alice/base")
    commits = {"dataset": hub.repo("alice/calls").refs["main"], "model": hub.repo("alice/base", "models").refs["main"]}
    for repo_id, kind in (("alice/calls", "dataset"), ("alice/base", "model")):
        api = HfApi(token=WRITE_TOKEN)
        api.upload_file(path_or_fileobj=b"x", path_in_repo="new", repo_id=repo_id, repo_type=kind)
    record = build_trainer(loaded, model=model).recorder.record()
    assert record["base_model"] == {"name": "alice/base", "revision": commits["model"]}
    expected = {"name": "alice/calls", "revision": commits["dataset"], "split": "train", "rows": 4}
    assert record["dataset"] == expected
    assert base_model_facts("no name at all", "v1") == {"name": "no name at all", "revision": "v1"}


def test_the_command_records_the_commit_that_was_loaded(hub, model_folder, tmp_path):
    """Also where somebody pushes in the middle, and where the cache writes the name in another way."""
    rows = Dataset.from_list([{key: row[key] for key in ("prompt", "completion")} for row in tiny_rows(4)])
    rows.push_to_hub("alice/MyCalls", token=WRITE_TOKEN)
    loaded, commit = load_dataset("alice/MyCalls", split="train"), hub.repo("alice/MyCalls").refs["main"]
    HfApi(token=WRITE_TOKEN).upload_file(
        path_or_fileobj=b"x", path_in_repo="new", repo_id="alice/MyCalls", repo_type="dataset"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("funreason_trl.scripts.train.load_training_rows", lambda *_: loaded)
        data = DataArguments(dataset_name="alice/MyCalls", rendering="as_is")
        trainer = make_trainer(data, config(), ModelConfig(model_name_or_path=str(model_folder)))
    expected = {"name": "alice/MyCalls", "revision": commit, "split": "train", "rows": 4, "eval_rows": None}
    assert trainer.recorder.dataset == expected


def test_rows_of_several_datasets_carry_no_name(hub):
    for name in ("alice/one", "alice/two"):
        Dataset.from_dict({"a": [1]}).push_to_hub(name, token=WRITE_TOKEN)
    one, two = (load_dataset(name, split="train") for name in ("alice/one", "alice/two"))
    assert loaded_dataset_facts(concatenate_datasets([one, one]))["name"] == "alice/one"
    assert loaded_dataset_facts(concatenate_datasets([one, two])) == {}


# ------------------------------------------------------------------------------------------------- what a trainer writes


def test_a_training(tmp_path):
    build_tiny_model(len(TOKENIZER)).save_pretrained(tmp_path / "alices-machine/my-base")
    trainer = train(
        python_rows(),
        model=AutoModelForCausalLM.from_pretrained(tmp_path / "alices-machine/my-base"),
        arguments={"eval_dataset": Dataset.from_list(tiny_rows(3)), "peft_config": LoraConfig(r=4)},
        output_dir=str(tmp_path / "out"),
        max_steps=2,
        per_device_train_batch_size=2,
        save_strategy="steps",
        save_steps=1,
        balance="learned",
    )
    trainer.save_model()
    record = read_record(tmp_path / "out")
    assert record["base_model"] == {"name": "my-base"}
    assert record["adapter"] == {"type": "lora", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"]}
    assert record["quantization"] is None
    assert record["dataset"] == {"rows": 4, "eval_rows": 3}
    assert (record["form"], record["think_tags"]) == ("python", {"start": "<think>", "end": "</think>"})
    assert record["loss"]["balance"] == "learned" and record["loss"]["alpha"] == trainer.balance.alpha_and_beta()[0]
    expected = {
        "steps": 2,
        "batch_size": 2,
        "accumulation": 1,
        "processes": 1,
        "learning_rate": 0.5,
        "weights": "float32",
    }
    assert expected.items() <= record["training"].items() and "autocast" not in record["training"]
    assert record["log_history"] == json.loads(json.dumps(trainer.state.log_history))
    assert record["seconds"] > 0 and record["versions"]["trl"] and record["machine"]["cpus"]
    for step in (1, 2):
        checkpoint = tmp_path / f"out/checkpoint-{step}"
        assert read_record(checkpoint)["training"]["steps"] == step
        assert "# out\n" in (checkpoint / "README.md").read_text()
    for folder in (tmp_path / "out", tmp_path / "out/checkpoint-2"):
        assert (folder / "system_prompt.txt").read_text() == SYSTEM_PROMPT
        assert json.loads((folder / "generation_config.json").read_text())["eos_token_id"] == 2
        for name in ("funreason_run.json", "README.md"):
            assert (
                "alices-machine" not in (folder / name).read_text()
                and str(tmp_path) not in (folder / name).read_text()
            )
    assert not list(tmp_path.rglob("*.unfinished"))


@pytest.mark.parametrize(
    ("bits", "more"), [({"load_in_4bit": True}, {"bnb_4bit_quant_type": "nf4"}), ({"load_in_8bit": True}, {})]
)
def test_a_quantized_base_model(tmp_path, bits, more):
    build_tiny_model(len(TOKENIZER)).save_pretrained(tmp_path)
    model = AutoModelForCausalLM.from_pretrained(
        tmp_path, quantization_config=BitsAndBytesConfig(**bits, bnb_4bit_quant_type="nf4")
    )
    record = build_trainer(model=model, arguments={"peft_config": LoraConfig(r=2)}).recorder.record()
    assert record["quantization"] == {"quant_method": "bitsandbytes", **bits, **more}


def test_a_resumed_training_is_one_run(tmp_path):
    arguments = {"max_steps": 3, "save_strategy": "steps", "save_steps": 1, "per_device_train_batch_size": 2}
    whole = train(output_dir=str(tmp_path / "whole"), **arguments)
    whole.recorder._seconds = 1000.0
    whole.save_model()
    before = read_record(tmp_path / "whole/checkpoint-2")
    state = tmp_path / "whole/checkpoint-2/trainer_state.json"
    saved = json.loads(state.read_text())
    saved["stateful_callbacks"]["RunRecorder"]["attributes"]["seconds"] = 500.0
    state.write_text(json.dumps(saved))
    resumed = build_trainer(output_dir=str(tmp_path / "resumed"), **arguments)
    resumed.train(resume_from_checkpoint=str(tmp_path / "whole/checkpoint-2"))
    resumed.save_model()
    record = read_record(tmp_path / "resumed")
    assert record["training"]["steps"] == 3 and 500 < record["seconds"] < 800
    steps = [log["step"] for log in record["log_history"] if "loss/think" in log]
    assert steps == [1, 2, 3] and len(before["log_history"]) == 2


def test_a_run_of_several_trainings_is_one_run(model_folder, tmp_path):
    """`mode="append"`: a trainer for the cold start, and one for each round."""
    values = {
        **{"model_name_or_path": model_folder, "dataset_name": "sample", "sample_size": 4, "mode": "append"},
        **{"cold_epochs": 1, "rounds": 1, "rows_per_round": 2, "answers_per_row": 1, "temperature": 0, "shown": 0},
        **{"max_new_tokens": 2, "per_device_train_batch_size": 2, "output_dir": tmp_path / "out", "report_to": "none"},
        **{"use_cpu": True, "bf16": False, "save_strategy": "no", "logging_steps": 1, "max_length": 4096},
        **{"dataloader_pin_memory": False, "disable_tqdm": True},
    }
    refine([part for name, value in values.items() for part in (f"--{name}", str(value))])
    record = read_record(tmp_path / "out")
    steps = [log["step"] for log in record["log_history"] if "loss/think" in log]
    assert steps == [1, 2, 3, 4] and record["training"]["steps"] == 4
    assert record["dataset"]["name"] == "sample of funreason_trl" and record["dataset"]["rows"] == 4
    assert len(read_rounds(tmp_path / "out")) == 1
    assert "### Rounds of self-refinement" in (tmp_path / "out/README.md").read_text()


def test_rounds_that_an_earlier_run_left_are_not_told_of_this_one(tmp_path):
    (tmp_path / "out/refinement").mkdir(parents=True)
    (tmp_path / "out" / ROUNDS).write_text('{"round": 1, "figures": {"answers": 3}, "accepted": 1}\n')
    build_trainer(output_dir=str(tmp_path / "out"), max_steps=1).save_model()
    assert "### Rounds of self-refinement" not in (tmp_path / "out/README.md").read_text()


def test_the_command_knows_its_data(model_folder, tmp_path):
    values = {
        **{"model_name_or_path": model_folder, "dataset_name": "sample", "sample_size": 4, "rendering": "python"},
        **{"max_steps": 1, "per_device_train_batch_size": 2, "output_dir": tmp_path / "out", "report_to": "none"},
        **{
            "use_cpu": True,
            "bf16": False,
            "save_strategy": "no",
            "dataloader_pin_memory": False,
            "disable_tqdm": True,
        },
    }
    train_from_command_line([part for name, value in values.items() for part in (f"--{name}", str(value))])
    record = read_record(tmp_path / "out")
    assert record["dataset"]["name"] == "sample of funreason_trl" and record["dataset"]["split"] == "train"
    assert record["base_model"]["name"] == Path(model_folder).name and "autocast" not in record["training"]
    assert "| data | `sample of funreason_trl`, version" in (tmp_path / "out/README.md").read_text()


class Rounds(AttachedCallback):
    """Stands for one that has played the rounds of the output folder."""

    plays_rounds = True

    def attach(self, trainer):
        """Nothing to take."""

    def state(self):
        return {"args": {}, "attributes": {}}


def test_a_model_that_is_saved_elsewhere_takes_its_rounds_along(tmp_path):
    trainer = build_trainer(output_dir=str(tmp_path / "out"), arguments={"callbacks": [Rounds()]})
    (tmp_path / "out/refinement").mkdir(parents=True)
    (tmp_path / "out" / ROUNDS).write_text('{"round": 1}\n')
    trainer.save_model(str(tmp_path / "model"))
    assert read_rounds(tmp_path / "model") == [{"round": 1}]
    trainer.save_model(str(tmp_path / "out/final"))
    assert read_rounds(tmp_path / "out/final") == [{"round": 1}]
    trainer.save_model(str(tmp_path / "out/checkpoint-1"))
    assert read_rounds(tmp_path / "out/checkpoint-1") == []  # that may have come before them


@pytest.mark.parametrize("streaming", [False, True])
def test_forms_that_show_in_the_rows(streaming):
    for rows, form in ((python_rows(), "python"), (Dataset.from_list(tiny_rows(4)), None)):
        given = rows.to_iterable_dataset() if streaming else rows
        recorder = build_trainer(given, max_steps=1).recorder
        assert recorder.form == form
        assert recorder.dataset["rows"] == (None if streaming else 4)


def test_the_arguments_that_are_saved_hold_no_token():
    args = config(hub_token="hf_secret")
    assert b"hf_secret" not in pickle.dumps(args) and pickle.loads(pickle.dumps(args)).hub_token is None
    assert copy.copy(args).hub_token == args.hub_token == "hf_secret"
    assert copy.copy(args).output_dir == args.output_dir and type(copy.copy(args)) is type(args)
