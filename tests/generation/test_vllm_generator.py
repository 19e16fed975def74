"""Pins what is handed to vLLM and what is made of its outputs, with a stand-in for the package that writes it down.

The stand-in has the documented signatures; vLLM itself needs a GPU.
"""

import sys
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace

import pytest

from funreason_trl.generation import GenerationSettings, Prompt, generate_all
from funreason_trl.generation.vllm_generator import VllmGenerator


PROMPTS = [Prompt([{"role": "user", "content": f"word {number}"}]) for number in range(5)]


@dataclass
class SamplingParams:
    n: int = 1
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int | None = None
    max_tokens: int | None = 16
    detokenize: bool = True


@pytest.fixture
def vllm(tokenizer, monkeypatch):
    """A module whose `LLM` answers with the prompt's last tokens and an end token, or without, when cut off."""
    module = ModuleType("vllm")
    module.batches = []

    class LLM:
        def __init__(self, model, **engine):
            module.engine = {"model": model, **engine}

        def get_tokenizer(self):
            return tokenizer

        def generate(self, prompts, sampling_params=None, *, use_tqdm=True, lora_request=None, priority=None):
            module.batches.append((prompts, sampling_params))
            return [self.answer(*pair) for pair in zip(prompts, sampling_params, strict=True)]

        def answer(self, prompt, parameters):
            ids = [*prompt["prompt_token_ids"][-3:], tokenizer.eos_token_id]
            cut = ids[: parameters.max_tokens]
            reason = "stop" if cut == ids else "length"
            answers = [SimpleNamespace(index=n, token_ids=cut, finish_reason=reason) for n in range(parameters.n)]
            return SimpleNamespace(outputs=answers)

    module.LLM, module.SamplingParams = LLM, SamplingParams
    monkeypatch.setitem(sys.modules, "vllm", module)
    return module


def test_prompts_are_handed_over_as_tokens_in_batches(vllm, tokenizer):
    generator = VllmGenerator("some/model", batch_size=2, max_model_len=512)
    answers = generate_all(generator, PROMPTS, GenerationSettings(max_new_tokens=9))
    assert vllm.engine == {"model": "some/model", "max_model_len": 512}
    assert [len(prompts) for prompts, _ in vllm.batches] == [2, 2, 1]
    first = tokenizer.decode(vllm.batches[0][0][0]["prompt_token_ids"])
    assert first == "<|im_start|>user\nword 0<|im_end|>\n<|im_start|>assistant\n"
    assert [answer.index for answer in answers] == [0, 1, 2, 3, 4]
    assert {(answer.tokens, answer.finished) for answer in answers} == {((4,), (True,))}
    assert all("<|im_end|>" not in answer.texts[0] for answer in answers)


def test_greedy_settings(vllm):
    generate_all(VllmGenerator("some/model"), PROMPTS[:1], GenerationSettings(max_new_tokens=9))
    (((_, (parameters,))),) = vllm.batches
    assert parameters == SamplingParams(temperature=0.0, max_tokens=9, detokenize=False)


def test_sampled_settings_have_a_seed_for_each_prompt(vllm):
    settings = GenerationSettings(max_new_tokens=9, temperature=0.7, top_p=0.8, top_k=20, samples=3, seed=4)
    answers = generate_all(VllmGenerator("some/model"), PROMPTS[:2], settings)
    ((_, parameters),) = vllm.batches
    expected = {"n": 3, "temperature": 0.7, "top_p": 0.8, "top_k": 20, "max_tokens": 9, "detokenize": False}
    assert parameters == [SamplingParams(seed=settings.answer_seed(prompt, 0), **expected) for prompt in PROMPTS[:2]]
    assert [len(answer.texts) for answer in answers] == [3, 3]


def test_an_answer_that_is_cut_off_says_so(vllm):
    (answer,) = generate_all(VllmGenerator("some/model"), PROMPTS[:1], GenerationSettings(max_new_tokens=2))
    assert (answer.tokens, answer.finished) == ((2,), (False,))


def test_the_description_has_the_engines_settings(vllm):
    assert VllmGenerator("some/model", dtype="float32").description == {
        "way": "vllm",
        "model": "some/model",
        "dtype": "float32",
    }


def test_without_vllm_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(ImportError, match=r"funreason-trl\[vllm\]"):
        VllmGenerator("some/model")


def test_a_batch_size_of_nothing_is_refused(vllm):
    with pytest.raises(ValueError, match="batch_size=0"):
        VllmGenerator("some/model", batch_size=0)
