"""Pins answers of a model in this process: the same texts however they are batched, and the model left as it was."""

import logging
from collections import Counter
from dataclasses import replace

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import MambaConfig, MambaForCausalLM

from funreason_trl.generation import Generated, GenerationSettings, Prompt, generate_all
from funreason_trl.generation.transformers_generator import TransformersGenerator
from tests.generation.conftest import QUERIES


NEW_TOKENS = 12
GREEDY = GenerationSettings(max_new_tokens=NEW_TOKENS)
SAMPLED = GenerationSettings(max_new_tokens=NEW_TOKENS, temperature=1.0, top_p=0.9, top_k=50, samples=3, seed=7)
BOTH_WAYS = pytest.mark.parametrize("continuous", [False, True], ids=["batched", "continuous"])


def texts(model, tokenizer, prompts, settings=GREEDY, **options):
    answers = generate_all(TransformersGenerator(model, tokenizer, **options), prompts, settings)
    assert [answer.index for answer in answers] == list(range(len(prompts)))
    return [answer.texts for answer in answers]


def one_at_a_time(model, tokenizer, prompts):
    model.eval()
    answers = []
    for prompt in prompts:
        text = tokenizer.apply_chat_template(prompt.messages, add_generation_prompt=True, tokenize=False)
        ids = tokenizer(text + prompt.answer_start, add_special_tokens=False, return_tensors="pt")["input_ids"]
        output = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW_TOKENS, do_sample=False, use_cache=False
        )
        answers.append((tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True),))
    return answers


def give_scores(model, scores):
    """Makes the next token depend on these scores alone."""
    model.lm_head = torch.nn.Linear(model.config.hidden_size, model.config.vocab_size)
    with torch.no_grad():
        model.lm_head.weight.zero_()
        model.lm_head.bias.fill_(-1e4)
        for token, score in scores.items():
            model.lm_head.bias[token] = score


# Greedy answers


@pytest.mark.parametrize(("batch_size", "continuous"), [(1, False), (3, False), (8, False), (3, True)])
def test_batches_answer_as_one_prompt_at_a_time_and_in_order(lively, tokenizer, prompts, batch_size, continuous):
    expected = one_at_a_time(lively, tokenizer, prompts)
    assert len(set(expected)) == len(prompts)
    assert texts(lively, tokenizer, prompts, batch_size=batch_size, continuous=continuous) == expected


@BOTH_WAYS
def test_no_prompts_no_answers(lively, tokenizer, continuous):
    assert texts(lively, tokenizer, [], continuous=continuous) == []


def test_the_longest_prompts_come_first(lively, tokenizer, prompts):
    stream = TransformersGenerator(lively, tokenizer, batch_size=1).generate(prompts, GREEDY)
    order = [answer.index for answer in stream]
    assert [len(QUERIES[index]) for index in order] == sorted(map(len, QUERIES), reverse=True)


def test_the_given_start_is_continued_and_is_not_in_the_text(lively, tokenizer, prompts):
    started = [replace(prompt, answer_start="<think>It") for prompt in prompts]
    expected = one_at_a_time(lively, tokenizer, started)
    assert expected != one_at_a_time(lively, tokenizer, prompts)
    assert texts(lively, tokenizer, started) == expected


def test_the_settings_of_the_models_own_config_change_nothing(lively, tokenizer, prompts):
    expected = one_at_a_time(lively, tokenizer, prompts)
    own = lively.generation_config
    own.update(do_sample=True, temperature=5.0, repetition_penalty=3.0, num_beams=2, no_repeat_ngram_size=1)
    assert texts(lively, tokenizer, prompts) == expected
    assert lively.generation_config is own
    assert own.repetition_penalty == 3.0


def test_the_cache_is_used_though_training_switched_it_off(lively, tokenizer, prompts):
    lively.config.use_cache = lively.generation_config.use_cache = False
    lengths = []
    lively.model.embed_tokens.register_forward_pre_hook(lambda module, inputs: lengths.append(inputs[0].shape[1]))
    texts(lively, tokenizer, prompts[:1])
    assert lengths[0] > 1
    assert lengths[1:] == [1] * (len(lengths) - 1)
    assert len(lengths) > 1
    assert lively.config.use_cache is False


def test_dropout_is_off_while_answering(lively, tokenizer, prompts):
    expected = one_at_a_time(lively, tokenizer, prompts)
    for layer in lively.model.layers:
        layer.self_attn.attention_dropout = 0.9
    lively.train()
    assert texts(lively, tokenizer, prompts) == expected


@BOTH_WAYS
def test_an_answer_ends_at_any_end_token_of_the_model(lively, tokenizer, prompts, continuous):
    give_scores(lively, {9: 1.0})
    lively.generation_config.eos_token_id = [tokenizer.eos_token_id, 9]
    generator = TransformersGenerator(lively, tokenizer, continuous=continuous)
    assert generate_all(generator, prompts[:2], GREEDY) == [
        Generated(index, texts=("",), tokens=(1,), finished=(True,)) for index in range(2)
    ]


@BOTH_WAYS
def test_an_answer_that_is_cut_off_says_so(lively, tokenizer, prompts, continuous):
    letter = tokenizer("x", add_special_tokens=False)["input_ids"][0]
    give_scores(lively, {letter: 1.0})
    generator = TransformersGenerator(lively, tokenizer, continuous=continuous)
    assert generate_all(generator, prompts[:1], replace(GREEDY, max_new_tokens=4)) == [
        Generated(0, texts=("xxxx",), tokens=(4,), finished=(False,))
    ]


def test_without_a_pad_token_the_end_token_pads(lively, tokenizer, prompts):
    expected = one_at_a_time(lively, tokenizer, prompts)
    pad = tokenizer.pad_token
    tokenizer.pad_token = None
    try:
        assert texts(lively, tokenizer, prompts) == expected
    finally:
        tokenizer.pad_token = pad


@BOTH_WAYS
def test_an_adapter_answers_too(lively, tokenizer, prompts, continuous):
    plain = texts(lively, tokenizer, prompts)
    torch.manual_seed(1)
    adapted = get_peft_model(lively, LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    answers = texts(adapted, tokenizer, prompts, continuous=continuous)
    assert answers != plain
    assert answers == one_at_a_time(adapted.merge_and_unload(), tokenizer, prompts)


# Sampled answers


def test_a_sample_does_not_depend_on_its_batch(lively, tokenizer, prompts):
    answers = texts(lively, tokenizer, prompts, SAMPLED, batch_size=8)
    assert all(len(set(samples)) == SAMPLED.samples for samples in answers)
    assert texts(lively, tokenizer, prompts, SAMPLED, batch_size=1) == answers
    assert texts(lively, tokenizer, prompts[3:], SAMPLED, batch_size=5) == answers[3:]
    assert texts(lively, tokenizer, prompts, replace(SAMPLED, seed=8)) != answers


def test_a_prompt_is_read_once_for_all_its_samples(lively, tokenizer, prompts):
    widths = []
    lively.register_forward_pre_hook(
        lambda module, args, inputs: widths.append(tuple(inputs["input_ids"].shape)), with_kwargs=True
    )
    texts(lively, tokenizer, prompts[:2], SAMPLED, batch_size=6)
    assert (widths[0][0], widths[1]) == (2, (6, 1))


def test_a_recurrent_model_reads_its_prompts_for_each_sample(tokenizer, prompts):
    torch.manual_seed(0)
    model = MambaForCausalLM(MambaConfig(vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, state_size=4))
    answers = texts(model, tokenizer, prompts[:2], SAMPLED, batch_size=6)
    assert texts(model, tokenizer, prompts[:2], SAMPLED, batch_size=1) == answers


def test_continuous_samples_follow_the_seed(lively, tokenizer, prompts):
    settings = replace(SAMPLED, max_new_tokens=4)
    answers = texts(lively, tokenizer, prompts[:2], settings, continuous=True)
    assert all(len(set(samples)) > 1 for samples in answers)
    assert texts(lively, tokenizer, prompts[:2], settings, continuous=True) == answers
    assert texts(lively, tokenizer, prompts[:2], replace(settings, seed=8), continuous=True) != answers


def test_tokens_come_as_often_as_their_probability_says(lively, tokenizer, prompts):
    ids = dict(
        zip("abc", (tokenizer(letter, add_special_tokens=False)["input_ids"][0] for letter in "abc"), strict=True)
    )
    # Probabilities 4/7, 2/7 and 1/7 at temperature 1; at 0.5 their squares: 16/21, 4/21 and 1/21.
    give_scores(lively, {ids["a"]: 2 * 0.6931, ids["b"]: 0.6931, ids["c"]: 0.0})

    def shares(**settings):
        settings = GenerationSettings(max_new_tokens=1, samples=250, **settings)
        (answers,) = texts(lively, tokenizer, prompts[:1], settings, batch_size=250)
        return {letter: count / 250 for letter, count in Counter(answers).items()}

    assert shares(temperature=1.0) == pytest.approx({"a": 4 / 7, "b": 2 / 7, "c": 1 / 7}, abs=0.1)
    assert shares(temperature=0.5) == pytest.approx({"a": 16 / 21, "b": 4 / 21, "c": 1 / 21}, abs=0.1)
    assert shares(temperature=1.0, top_k=2) == pytest.approx({"a": 4 / 6, "b": 2 / 6}, abs=0.1)
    assert shares(temperature=1.0, top_p=0.5) == {"a": 1.0}


def test_continuous_samples_heed_the_settings(lively, tokenizer, prompts):
    ids = [tokenizer(letter, add_special_tokens=False)["input_ids"][0] for letter in "abc"]
    give_scores(lively, dict(zip(ids, [0.1, 0.2, 0.0], strict=True)))
    settings = GenerationSettings(max_new_tokens=1, temperature=1.0, top_k=2, samples=60)
    (answers,) = texts(lively, tokenizer, prompts[:1], settings, batch_size=60, continuous=True)
    assert set(answers) == {"a", "b"}


# The model and the process stay as they were


def state(model):
    return (
        [module.training for module in model.modules()],
        model.generation_config,
        model.config.use_cache,
        model.config._attn_implementation,
        torch.get_rng_state().tolist(),
    )


@BOTH_WAYS
@pytest.mark.parametrize("settings", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_mode_settings_and_random_state_are_put_back(lively, tokenizer, prompts, settings, continuous):
    lively.train()
    lively.model.layers[0].eval()
    before = state(lively)
    texts(lively, tokenizer, prompts, settings, continuous=continuous)
    assert state(lively) == before


@BOTH_WAYS
def test_all_is_put_back_when_the_iterator_is_left_early(lively, tokenizer, prompts, continuous):
    lively.train()
    before = state(lively)
    long = replace(SAMPLED, max_new_tokens=40)
    stream = TransformersGenerator(lively, tokenizer, batch_size=2, continuous=continuous).generate(prompts, long)
    next(stream)
    stream.close()
    assert state(lively) == before


def test_between_batches_the_model_may_be_trained(lively, tokenizer, prompts):
    lively.train()
    before = state(lively)
    for _ in TransformersGenerator(lively, tokenizer, batch_size=2).generate(prompts, SAMPLED):
        assert state(lively) == before


def test_an_error_while_answering_puts_all_back(lively, tokenizer, prompts):
    lively.train()
    before = state(lively)
    hook = lively.lm_head.register_forward_hook(lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        texts(lively, tokenizer, prompts)
    hook.remove()
    assert state(lively) == before


# Refusals


def test_a_model_that_can_not_batch_continuously_is_refused_with_the_reason(tokenizer, prompts):
    model = MambaForCausalLM(MambaConfig(vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1))
    before = state(model)
    with pytest.raises(ValueError, match=r"MambaForCausalLM can't be batched .*linear_attention.*continuous=False"):
        texts(model, tokenizer, prompts, continuous=True)
    assert state(model) == before


def test_a_batch_size_of_nothing_is_refused(lively, tokenizer):
    with pytest.raises(ValueError, match="batch_size=0"):
        TransformersGenerator(lively, tokenizer, batch_size=0)


def test_prompts_beyond_the_models_positions_are_named(lively, tokenizer, caplog):
    long = Prompt([{"role": "user", "content": "Weather in Rome " * 200}])
    with caplog.at_level(logging.WARNING):
        texts(lively, tokenizer, [long], replace(GREEDY, max_new_tokens=1))
    assert "1 of 1 prompts" in caplog.text
    assert "512 positions" in caplog.text


# What the answers depend on


def test_the_description_tells_a_model_from_its_trained_self(lively, tokenizer):
    generator = TransformersGenerator(lively, tokenizer)
    before = generator.description
    assert generator.description == before
    assert TransformersGenerator(lively, tokenizer, batch_size=1, continuous=True).description == before
    with torch.no_grad():
        lively.model.layers[1].mlp.up_proj.weight.mul_(1.001)
    after = generator.description
    assert {key for key in before if before[key] != after[key]} == {"weights"}
