"""Pins the model that is made on the spot: it loads, is always the same, and its tokenizer loses no character."""

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from funreason_trl.models.tiny import build_tiny_model


def test_it_loads_and_is_small(model_folder):
    model = AutoModelForCausalLM.from_pretrained(model_folder)
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    assert model.num_parameters() < 500_000
    assert model.config.vocab_size == len(tokenizer)
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert tokenizer.pad_token_id not in (None, tokenizer.eos_token_id)


def test_it_is_always_the_same(tmp_path):
    texts = ["What is the weather in Oslo?", "Convert 5 miles to km"]
    first, second = (build_tiny_model(texts, tmp_path / name) for name in ("first", "second"))
    assert (first / "tokenizer.json").read_bytes() == (second / "tokenizer.json").read_bytes()
    weights = [AutoModelForCausalLM.from_pretrained(folder).state_dict() for folder in (first, second)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_its_tokenizer_gives_back_every_text(model_folder):
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    text = "<think>Zürich, 東京, \U0001f600</think>\n\n[f(a='  x')]"
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text
