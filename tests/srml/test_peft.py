"""Pins that adapters train as whole models do: LoRA, prompt learning, and 4-bit QLoRA on the processor."""

import copy
from itertools import pairwise

import pytest
import torch
from bitsandbytes.nn import Linear4bit
from datasets import Dataset
from peft import LoraConfig, PeftConfig, PeftModel, PrefixTuningConfig, PromptTuningConfig, get_peft_model
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, LlamaConfig, LlamaForCausalLM
from trl import SFTTrainer

from tests.srml.reference import reference_rows
from tests.srml.training import BALANCES, TOKENIZER, build_trainer, parameters, step_logs, train, update_difference
from tests.tiny import build_tiny_model, tiny_rows


ADAPTERS = {
    "lora": LoraConfig(
        r=4, lora_alpha=16, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM"
    ),
    "prompt tuning": PromptTuningConfig(num_virtual_tokens=5, task_type="CAUSAL_LM"),
    "prefix tuning": PrefixTuningConfig(num_virtual_tokens=5, task_type="CAUSAL_LM"),
}


# Rates at which two steps change an adapter by far more than float32 resolves.
RATES = {"lora": 0.5, "prompt tuning": 100.0, "prefix tuning": 10.0}


def arguments(name: str) -> dict:
    return {"peft_config": copy.deepcopy(ADAPTERS[name])}


def start(name: str) -> torch.Tensor:
    return parameters(build_trainer(arguments=arguments(name)).model)


SHAPES = {
    "accumulated": {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 8},
    "checkpointed": {"activation_checkpointing": True},
    "padding-free": {"padding_free": True},
    "packed": {"packing": True, "max_length": 256},
}


@pytest.mark.parametrize(
    ("adapter", "shape"),
    [
        *[("lora", shape) for shape in SHAPES],
        ("prompt tuning", "accumulated"),
        ("prompt tuning", "checkpointed"),
        ("prefix tuning", "accumulated"),
    ],
)
def test_an_adapters_step_is_the_same_however_it_is_cut_up(adapter, shape):
    changes = {**BALANCES["learned"], "learning_rate": RATES[adapter]}
    expected = train(arguments=arguments(adapter), **changes)
    found = train(arguments=arguments(adapter), **changes, **SHAPES[shape])
    begin = start(adapter)
    assert (parameters(expected.model) - begin).abs().max() > 1e-2
    difference = update_difference(parameters(found.model), parameters(expected.model), begin)
    assert difference < 2e-5
    for log, expected_log in zip(step_logs(found), step_logs(expected), strict=True):
        for key in ("loss", "loss/think", "loss/result", "alpha"):
            assert log[key] == pytest.approx(expected_log[key], rel=2e-6)


@pytest.mark.parametrize("adapter", list(ADAPTERS))
def test_token_balance_is_sft_bit_by_bit_with_an_adapter(adapter):
    ours = train(balance="token", arguments=arguments(adapter), learning_rate=RATES[adapter])
    theirs = train(trainer_class=SFTTrainer, arguments=arguments(adapter), learning_rate=RATES[adapter])
    assert torch.equal(parameters(ours.model), parameters(theirs.model))
    assert not torch.equal(parameters(ours.model), start(adapter))


@pytest.mark.parametrize("adapter", list(ADAPTERS))
def test_losses_of_an_adapter_are_those_of_its_logits(adapter):
    trainer = build_trainer(arguments=arguments(adapter), **BALANCES["fixed"])
    losses: dict[int, list[float]] = {0: [], 1: [], 2: []}
    virtual = ADAPTERS[adapter].num_virtual_tokens if adapter == "prompt tuning" else 0
    trainer.model.eval()
    for row in reference_rows(tiny_rows(), TOKENIZER):
        with torch.no_grad():
            logits = trainer.model(torch.tensor([row.input_ids])).logits[0, virtual:].double()
        for position in range(1, len(row.input_ids)):
            token_loss = -logits[position - 1].log_softmax(-1)[row.input_ids[position]]
            losses[row.segments[position]].append(token_loss.item())

    metrics = trainer.evaluate(Dataset.from_list(tiny_rows()))

    think, result = (sum(losses[segment]) / len(losses[segment]) for segment in (1, 2))
    assert metrics["eval_loss/think"] == pytest.approx(think, rel=1e-6)
    assert metrics["eval_loss/result"] == pytest.approx(result, rel=1e-6)
    assert metrics["eval_loss"] == pytest.approx(0.3 * think + 0.8 * result, rel=1e-6)


def test_a_peft_model_is_taken_as_it_is():
    torch.manual_seed(42)
    model = get_peft_model(build_tiny_model(len(TOKENIZER)), copy.deepcopy(ADAPTERS["lora"]))
    before = parameters(model)
    trainer = train(model=model, **BALANCES["fixed"])
    assert trainer.model is model
    assert not torch.equal(parameters(model), before)


# 4-bit weights come in blocks of 64.
@pytest.fixture(scope="module")
def base_model(tmp_path_factory) -> str:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(TOKENIZER),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        pad_token_id=0,
        eos_token_id=2,
        bos_token_id=None,
    )
    path = str(tmp_path_factory.mktemp("base"))
    LlamaForCausalLM(config).save_pretrained(path)
    TOKENIZER.save_pretrained(path)
    return path


NF4 = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.float32)
QLORA = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")


def qlora_trainer(model, arguments: dict, **changes):
    return build_trainer(
        model=model,
        arguments={"peft_config": copy.deepcopy(QLORA), "eval_dataset": Dataset.from_list(tiny_rows(5)), **arguments},
        **{"optim": "adamw_torch", "learning_rate": 1e-2, **BALANCES["fixed"], **changes},
    )


def test_a_4_bit_model_trains_evaluates_saves_and_goes_on(base_model, tmp_path):
    trainer = qlora_trainer(
        base_model,
        {"quantization_config": NF4},
        eval_strategy="epoch",
        save_strategy="epoch",
        num_train_epochs=6,
        output_dir=str(tmp_path),
    )
    assert any(isinstance(module, Linear4bit) for module in trainer.model.modules())
    trainer.train()

    losses = [log["loss"] for log in step_logs(trainer)]
    assert all(later < earlier for earlier, later in pairwise(losses)), losses
    before = trainer.evaluate()
    trainer.save_model(str(tmp_path / "adapter"))
    assert trainer.evaluate()["eval_loss"] == before["eval_loss"]

    base = AutoModelForCausalLM.from_pretrained(base_model, quantization_config=NF4, dtype=torch.float32)
    assert PeftConfig.from_pretrained(str(tmp_path / "adapter")).r == 8
    saved = PeftModel.from_pretrained(base, str(tmp_path / "adapter"), autocast_adapter_dtype=False)
    rows = Dataset.from_list(tiny_rows(5))
    reloaded = build_trainer(model=saved, **BALANCES["fixed"]).evaluate(rows)
    assert reloaded["eval_loss"] == pytest.approx(before["eval_loss"], rel=1e-5)


def test_a_4_bit_step_is_the_same_however_it_is_cut_up(base_model):
    def run(**changes) -> list[dict]:
        trainer = qlora_trainer(base_model, {"quantization_config": NF4}, num_train_epochs=3, **changes)
        trainer.train()
        return step_logs(trainer)

    whole = run()
    accumulated = run(per_device_train_batch_size=2, gradient_accumulation_steps=8)
    for log, expected in zip(accumulated, whole, strict=True):
        # The adapter is in bfloat16, as in TRL, so that steps after the first agree to its few digits only.
        assert log["loss"] == pytest.approx(expected["loss"], rel=1e-3)
    assert accumulated[0]["loss"] == pytest.approx(whole[0]["loss"], rel=1e-6)


def test_4_bit_weights_are_never_repacked_for_inference(base_model):
    model = AutoModelForCausalLM.from_pretrained(base_model, quantization_config=NF4, dtype=torch.float32)
    layers = [module for module in model.modules() if isinstance(module, Linear4bit)]
    assert layers
    for layer in layers:  # as on a processor with AVX512-BF16
        layer.support_avx512bf16_for_cpu = True

    trainer = qlora_trainer(model, {})

    assert not any(layer.support_avx512bf16_for_cpu for layer in layers)
    weights = [layer.weight.data.clone() for layer in layers]
    trainer.evaluate()
    trainer.model.state_dict()
    assert all(torch.equal(layer.weight.data, weight) for layer, weight in zip(layers, weights, strict=True))


def test_a_4_bit_model_that_was_repacked_already_is_refused(base_model):
    model = AutoModelForCausalLM.from_pretrained(base_model, quantization_config=NF4, dtype=torch.float32)
    layer = next(module for module in model.modules() if isinstance(module, Linear4bit))
    # As after a forward pass in evaluation mode on a processor with AVX512-BF16.
    layer.weight.quant_state.packing_format_for_cpu = True
    with pytest.raises(ValueError, match="Load it anew"):
        qlora_trainer(model, {})
