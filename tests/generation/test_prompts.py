"""Pins prompts and settings: what is refused with which words, and seeds that depend on nothing else."""

import pytest

from funreason_trl.generation import GenerationSettings, Prompt


@pytest.mark.parametrize(
    ("field", "value", "mend"),
    [
        ("max_new_tokens", 0, "1 or more"),
        ("max_new_tokens", 2.5, "whole number"),
        ("max_new_tokens", True, "whole number"),
        ("temperature", -0.1, "0 for greedy"),
        ("temperature", float("nan"), "0 for greedy"),
        ("top_p", 0.0, "up to 1"),
        ("top_p", 1.1, "up to 1"),
        ("top_k", -1, "0 or more"),
        ("samples", 0, "1 or more"),
        ("samples", 3, "temperature above 0"),
        ("seed", -1, "0 or more"),
    ],
)
def test_a_wrong_setting_names_field_value_and_mend(field, value, mend):
    with pytest.raises(ValueError, match=mend) as error:
        GenerationSettings(**{field: value})
    assert f"{field}={value!r}" in str(error.value)


def test_greedy_is_the_default():
    assert GenerationSettings().greedy
    assert not GenerationSettings(temperature=0.1).greedy


def test_seeds_differ_by_run_prompt_and_sample_and_by_nothing_else():
    prompts = [
        Prompt([{"role": "user", "content": "a"}]),
        Prompt([{"role": "user", "content": "a"}], tools=[{"type": "function"}]),
        Prompt([{"role": "user", "content": "a"}], answer_start="<think>"),
        Prompt([{"role": "user", "content": "b"}]),
    ]
    seeds = [
        GenerationSettings(temperature=1.0, samples=2, seed=seed).answer_seed(prompt, sample)
        for seed in (0, 1)
        for prompt in prompts
        for sample in (0, 1)
    ]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)
    other = GenerationSettings(max_new_tokens=5, temperature=0.3, seed=1)
    assert other.answer_seed(Prompt([{"content": "b", "role": "user"}]), 1) == seeds[-1]
