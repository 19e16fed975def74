"""Pins the recipes: each is read by its own command and trains a stand-in of its family; the estimates."""

import gc
import importlib.util
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import bitsandbytes
import pytest
import torch
from peft import PeftModel
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    PreTrainedConfig,
    Qwen2Config,
    Qwen3Config,
)
from trl.chat_template_utils import llama3_2_chat_template, qwen2_5_chat_template, qwen3_chat_template

from funreason_trl.refinement import RefinementCallback
from funreason_trl.refinement.driver import AppendingRounds
from funreason_trl.scripts import refine, train


ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "recipes"
RECIPES = sorted(FOLDER.rglob("*.yaml"))

spec = importlib.util.spec_from_file_location("estimate", FOLDER / "estimate.py")
assert spec is not None and spec.loader is not None
estimate = importlib.util.module_from_spec(spec)
sys.modules["estimate"] = estimate
spec.loader.exec_module(estimate)


def name_of(recipe: Path) -> str:
    return recipe.relative_to(FOLDER).with_suffix("").as_posix()


each_recipe = pytest.mark.parametrize("recipe", RECIPES, ids=name_of)


def test_there_are_recipes_for_each_model_and_way():
    assert {name_of(recipe) for recipe in RECIPES} == {
        *(f"qwen2.5-coder-7b/{way}-{size}" for way in ("srml", "refine") for size in ("full", "lora", "qlora")),
        *(f"qwen2.5-coder-7b/{way}" for way in ("sft", "ssb", "hdr")),
        *(f"{model}/{way}" for model in ("llama-3.2-3b", "qwen3-4b") for way in ("srml", "refine")),
        *(f"smollm2-135m/{way}" for way in ("srml", "refine", "sft", "ssb", "hdr")),
    }


# What a recipe says of itself


@each_recipe
def test_a_recipe_says_what_it_is_and_how_it_is_started(recipe):
    text = recipe.read_text()
    header = re.match(r"(#.*\n)+", text)
    assert header is not None and 2 <= len(header[0].splitlines()) <= 5
    run = estimate.read_run(recipe)
    words = shlex.split(run.command)
    assert words[words.index("--config") + 1] == str(recipe.relative_to(ROOT))
    assert run.options["output_dir"] == f"runs/{recipe.parent.name}-{recipe.stem}"
    # No silent training on the wrong rows: a recipe has the sample, or its command names the rows.
    assert (run.options.get("dataset_name") == "sample") != ("--dataset_name" in words)
    assert run.devices == 1 or run.accelerate["num_processes"] == run.devices
    assert "--config_file" in words or run.devices == 1


@pytest.mark.parametrize(
    "path",
    [*RECIPES, FOLDER / "README.md", ROOT / "examples" / "README.md", *(ROOT / "examples" / "slurm").glob("*")],
    ids=lambda path: "-".join(path.parts[-2:]),
)
def test_a_file_that_is_named_is_there(path):
    named = re.findall(r"(?<![\w./*<])\w[\w.-]*(?:/[\w.-]+)*\.(?:yaml|py|md|json|sbatch)\b", path.read_text())
    short = (ROOT, path.parent, FOLDER / "qwen2.5-coder-7b", ROOT / "examples" / "accelerate")
    for name in named:
        assert any((folder / name).is_file() for folder in short), name


# What it trains


FAMILIES: dict[str, tuple[type[PreTrainedConfig], str | None, str, list[str]]] = {
    "smollm2": (LlamaConfig, None, "<|im_end|>", []),
    "Qwen/Qwen2.5-Coder-7B-Instruct": (Qwen2Config, qwen2_5_chat_template, "<|im_end|>", ["<|endoftext|>"]),
    "Qwen/Qwen3-4B": (Qwen3Config, qwen3_chat_template, "<|im_end|>", ["<think>", "</think>", "<tool_call>"]),
    "meta-llama/Llama-3.2-3B-Instruct": (
        LlamaConfig,
        llama3_2_chat_template,
        "<|eot_id|>",
        ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
    ),
}


@pytest.fixture(scope="session")
def stand_ins(model_folder, tmp_path_factory) -> dict[str, Path]:
    """A saved model of two small layers for each model that recipes name: its architecture and its chat template."""
    torch.set_num_threads(1)
    gc.freeze()  # `Trainer.train` collects garbage first; what the imports left need not be searched each time
    folders = {}
    for name, (config, template, end, tokens) in FAMILIES.items():
        tokenizer = AutoTokenizer.from_pretrained(model_folder)
        tokenizer.add_tokens(tokens, special_tokens=True)
        tokenizer.eos_token = end
        tokenizer.bos_token = next((token for token in tokens if "begin" in token), None)
        tokenizer.chat_template = template or tokenizer.chat_template
        model = AutoModelForCausalLM.from_config(
            config(
                vocab_size=len(tokenizer),
                hidden_size=64,
                intermediate_size=128,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                head_dim=16,
                max_position_embeddings=4096,
                pad_token_id=tokenizer.pad_token_id,
                eos_token_id=tokenizer.eos_token_id,
                bos_token_id=None,
            )
        )
        folders[name] = tmp_path_factory.mktemp("stand-in") / name.split("/")[-1]
        model.save_pretrained(folders[name])
        tokenizer.save_pretrained(folders[name])
    return folders


@each_recipe
def test_a_recipe_takes_a_step_on_a_stand_in_for_its_model(recipe, stand_ins, tmp_path, monkeypatch):
    run = estimate.read_run(recipe)
    words = shlex.split(run.command)
    module = refine if "refine" in run.command.split("--config ")[0] else train
    # The command's own parser, up to where it would begin to train.
    parsed = []
    monkeypatch.setattr(module, "train" if module is train else "refine", lambda *groups: parsed.extend(groups))
    on_this_machine = {
        "model_name_or_path": stand_ins[run.options["model_name_or_path"]],
        "output_dir": tmp_path,
        "dataset_name": "sample",
        "sample_size": 2,
        "max_length": 1024,
        "per_device_train_batch_size": 2,
        "use_cpu": True,
        "bf16": False,
        "dataloader_pin_memory": False,
        "logging_steps": 1,
        "save_strategy": "no",
        "disable_tqdm": True,
    }
    if run.options.get("engine") == "vllm":
        on_this_machine["engine"] = "transformers"
    more = [word for name, value in on_this_machine.items() for word in (f"--{name}", str(value))]
    module.main([*words[words.index("--config") :], *more])

    data, config, model = parsed if module is train else (*parsed[1:3], parsed[4])
    config.max_steps = 1  # which is no option of `refine`
    callbacks = []
    if module is refine:
        refinement = parsed[3]
        append = refinement.mode == "append"
        callbacks = [AppendingRounds(tmp_path, refinement) if append else RefinementCallback(refinement)]
    trainer = train.make_trainer(data, config, model, callbacks)
    trainer.train()

    (entry,) = [entry for entry in trainer.state.log_history if "loss/think" in entry]
    assert entry["loss/result"] > 0 and 0 < entry["tokens/think_share"] < 1
    assert config.balance == run.options["balance"]
    if config.balance == "fixed":
        assert (entry["alpha"], entry["beta"]) == (run.options["think_weight"], run.options["result_weight"])
    assert isinstance(trainer.model, PeftModel) == run.options.get("use_peft", False)
    in_4_bits = any(isinstance(module, bitsandbytes.nn.Linear4bit) for module in trainer.model.modules())
    assert in_4_bits == run.options.get("load_in_4bit", False)
    if module is refine:
        assert config.num_train_epochs == run.options["cold_epochs"] + run.options["rounds"]


# Estimates


def test_the_table_is_the_scripts():
    table = estimate.table(RECIPES)
    assert table in (FOLDER / "README.md").read_text()
    assert max(map(len, table.splitlines())) < 120


@each_recipe
def test_the_tables_general_command_is_the_recipes_own(recipe):
    """With its name and its accelerate config, the README's command is what the recipe's first lines say."""
    text = (FOLDER / "README.md").read_text().replace("\\\n", "")
    alone, launched = (
        re.search(f"^{start} .*<recipe>.*$", text, re.MULTILINE) for start in ("funreason", "accelerate")
    )
    assert alone is not None and launched is not None
    run = estimate.read_run(recipe)
    command = (launched if run.config else alone)[0]
    if recipe.stem == "hdr" or recipe.stem.startswith("refine"):
        command = command.replace("train", "refine")
    if run.options.get("dataset_name") == "sample":
        command = command.replace(" --dataset_name runs/cot", "")
    command = command.replace("<recipe>", name_of(recipe)).replace("<accelerate config>", run.config)
    assert shlex.split(command) == shlex.split(run.command)


@pytest.mark.parametrize(
    ("name", "config", "millions"),
    [
        ("smollm2", LlamaConfig, 134.5),
        ("meta-llama/Llama-3.2-3B-Instruct", LlamaConfig, 3212.7),
        ("Qwen/Qwen3-4B", Qwen3Config, 4022.5),
        ("Qwen/Qwen2.5-Coder-7B-Instruct", Qwen2Config, 7615.6),
    ],
)
def test_a_shape_has_as_many_parameters_as_the_model(name, config, millions):
    shape = estimate.MODELS[name]
    built_as = config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_size,
        tie_word_embeddings=shape.tied,
    )
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(built_as)
    assert shape.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert shape.parameters / 1e6 == pytest.approx(millions, abs=0.06)


def total(run) -> float:
    return sum(estimate.memory(run).values())


def with_options(name: str, accelerate: dict | None = None, **options):
    run = estimate.read_run(FOLDER / f"{name}.yaml")
    values = {**vars(run), "options": {**run.options, **options}}
    return type(run)(**{**values, "accelerate": run.accelerate if accelerate is None else accelerate})


def test_memory_is_near_what_was_measured():
    measured = json.loads((ROOT / "benchmarks" / "results" / "loss_overhead.json").read_text())
    (_, peaks) = measured["lengths"]["512"]
    # The benchmark's step: two rows of 512 tokens, no dropout, no optimizer; of which it counts the tensors.
    run = with_options("smollm2-135m/srml", per_device_train_batch_size=2, max_length=512, lora_dropout=0.0)
    parts = estimate.memory(run)
    tensors = sum(parts.values()) - sum(parts[part] for part in ("optimizer", "process", "fragmentation"))
    assert tensors / 2**30 == pytest.approx(peaks["SRMLTrainer"]["gib"], rel=0.1)


@each_recipe
def test_a_recipe_fits_its_hardware_with_room_for_the_estimates_error(recipe):
    run = estimate.read_run(recipe)
    assert total(run) < 0.85 * run.device.memory * 1e9
    assert estimate.seconds(run)["training"] > 0


def test_what_takes_less_memory_is_estimated_so():
    full = with_options("qwen2.5-coder-7b/srml-full")
    alone, zero2 = {}, {"distributed_type": "DEEPSPEED", "deepspeed_config": {"zero_stage": 2}}
    zero3 = {"distributed_type": "DEEPSPEED", "deepspeed_config": {"zero_stage": 3}}
    in_order = [
        with_options("qwen2.5-coder-7b/srml-full", alone, gradient_checkpointing=False),
        with_options("qwen2.5-coder-7b/srml-full", alone),
        with_options("qwen2.5-coder-7b/srml-full", zero2),
        full,
        with_options("qwen2.5-coder-7b/srml-lora"),
        with_options("qwen2.5-coder-7b/srml-qlora"),
    ]
    sizes = [total(run) for run in in_order]
    assert sizes == sorted(sizes, reverse=True)
    assert total(with_options("qwen2.5-coder-7b/srml-full", zero3)) == total(full)
    # 16 bytes for each weight: what a full training takes before its first token.
    states = estimate.memory(with_options("qwen2.5-coder-7b/srml-full", alone))
    assert sum(states[part] for part in ("weights", "gradients", "optimizer")) == 16 * full.shape.parameters


def test_time_grows_with_rows_and_falls_with_faster_devices():
    run = estimate.read_run(FOLDER / "qwen2.5-coder-7b" / "srml-full.yaml")
    slow = estimate.read_run(run.path, "H20")
    hour = estimate.seconds(run)["training"]
    assert estimate.seconds(run, 120_000)["training"] == pytest.approx(2 * hour)
    assert estimate.seconds(slow)["training"] == pytest.approx(989 / 148 * hour)
    assert estimate.seconds(run)["answers"] == 0 < estimate.seconds(with_options("qwen2.5-coder-7b/hdr"))["answers"]


def test_a_recipe_without_hardware_is_named(tmp_path):
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("# Mine.\nmodel_name_or_path: smollm2\n")
    with pytest.raises(ValueError, match=r"mine\.yaml does not begin with a comment that says `# Hardware"):
        estimate.read_run(recipe)


def test_the_script_shows_the_parts():
    arguments = [str(FOLDER / "estimate.py"), str(FOLDER / "qwen2.5-coder-7b" / "refine-lora.yaml"), "--parts"]
    done = subprocess.run([sys.executable, *arguments, "--device", "A100"], capture_output=True, text=True, check=True)
    assert "8 x A100, 80 GB" in done.stdout and "vLLM" in done.stdout
