"""Pins greedy answers in batches: the same texts as one prompt at a time, in order, with the model left as it was."""

import pytest
import torch

from funreason_trl.evaluation.generation import chat_prompt, generate_greedily
from tests.tiny import build_tiny_model


NEW_TOKENS = 12
QUERIES = [
    "Weather in Rome",
    "Convert 5 miles to km, then tell me what the weather in Oslo is like, and in Paris too. " * 3,
    "Hello",
    "What is the weather in Oslo?",
    "5",
    "Hello there, how are you doing today?",
    "Convert 5 miles",
]


@pytest.fixture
def lively(tokenizer):
    """The tiny model with larger weights: fresh ones nearly ignore the prompt, and would hide a fault in padding."""
    model = build_tiny_model(len(tokenizer))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.mul_(8)
    return model


@pytest.fixture
def prompts(tokenizer):
    return [chat_prompt(tokenizer, [{"role": "user", "content": query}]) for query in QUERIES]


def one_at_a_time(model, tokenizer, prompts):
    model.eval()
    answers = []
    for prompt in prompts:
        ids = tokenizer(prompt, add_special_tokens=False, return_tensors="pt")["input_ids"]
        output = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW_TOKENS, do_sample=False, use_cache=False
        )
        answers.append(tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True))
    return answers


@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_batches_answer_as_one_prompt_at_a_time_and_in_order(lively, tokenizer, prompts, batch_size):
    expected = one_at_a_time(lively, tokenizer, prompts)
    assert len(set(expected)) == len(prompts)
    assert generate_greedily(lively, tokenizer, prompts, NEW_TOKENS, batch_size) == expected


def test_no_prompts_no_answers(lively, tokenizer):
    assert generate_greedily(lively, tokenizer, [], NEW_TOKENS) == []


@pytest.mark.parametrize("training", [True, False])
def test_training_mode_is_put_back(lively, tokenizer, prompts, training):
    lively.train(training)
    generate_greedily(lively, tokenizer, prompts[:2], 2)
    assert lively.training is training


def test_dropout_is_off_while_answering(lively, tokenizer, prompts):
    expected = one_at_a_time(lively, tokenizer, prompts)
    lively.config.attention_dropout = 0.9
    for layer in lively.model.layers:
        layer.self_attn.attention_dropout = 0.9
    lively.train()
    assert generate_greedily(lively, tokenizer, prompts, NEW_TOKENS) == expected


def test_the_cache_is_used_though_training_switched_it_off(lively, tokenizer, prompts):
    lively.config.use_cache = lively.generation_config.use_cache = False
    lengths = []
    lively.model.embed_tokens.register_forward_pre_hook(lambda module, inputs: lengths.append(inputs[0].shape[1]))
    generate_greedily(lively, tokenizer, prompts[:1], 4)
    assert lengths[0] > 1
    assert lengths[1:] == [1] * (len(lengths) - 1)
    assert len(lengths) > 1


def test_sampling_and_penalties_of_the_models_own_config_change_nothing(lively, tokenizer, prompts):
    expected = one_at_a_time(lively, tokenizer, prompts)
    lively.generation_config.do_sample = True
    lively.generation_config.temperature = 5.0
    lively.generation_config.repetition_penalty = 3.0
    assert generate_greedily(lively, tokenizer, prompts, NEW_TOKENS) == expected


def test_an_answer_ends_at_the_end_token_and_shows_no_special_token(lively, tokenizer, prompts):
    # Its output follows the bias alone, so that the end token comes at once.
    lively.lm_head = torch.nn.Linear(lively.config.hidden_size, len(tokenizer))
    with torch.no_grad():
        lively.lm_head.weight.zero_()
        lively.lm_head.bias.zero_()
        lively.lm_head.bias[tokenizer.eos_token_id] = 1
    assert generate_greedily(lively, tokenizer, prompts, NEW_TOKENS) == [""] * len(prompts)


def test_without_a_pad_token_the_end_token_pads(lively, tokenizer, prompts):
    expected = one_at_a_time(lively, tokenizer, prompts)
    pad = tokenizer.pad_token
    tokenizer.pad_token = None
    try:
        assert generate_greedily(lively, tokenizer, prompts, NEW_TOKENS) == expected
    finally:
        tokenizer.pad_token = pad


def test_chat_prompt_ends_where_the_answer_begins(tokenizer):
    prompt = chat_prompt(tokenizer, [{"role": "user", "content": "Hello"}], answer_start="<think>")
    assert prompt == "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n<think>"
