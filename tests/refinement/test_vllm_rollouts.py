"""Pins what TRL's `VLLMGeneration` is given and what is made of its answers, with a stand-in that writes it down.

vLLM needs a GPU. The stand-in has the signatures of the installed class, which is checked.
"""

import inspect
from types import SimpleNamespace

import pytest
from transformers import TrainerState
from trl.generation.vllm_generation import VLLMGeneration

from funreason_trl.generation import GenerationSettings, Prompt, generate_all
from funreason_trl.refinement import RefinementCallback, vllm_rollouts
from funreason_trl.refinement.vllm_rollouts import TrainedVllm

from .scripted import refining_trainer, small_config, training_rows


PROMPTS = [Prompt([{"role": "user", "content": f"word {number}"}]) for number in range(3)]
SAMPLED = GenerationSettings(max_new_tokens=9, temperature=0.7, top_p=0.8, top_k=20, samples=2, seed=4)


class RecordedVllm:
    """Answers each prompt with its number of the sample, an end token and padding; every third answer is cut off."""

    made: list["RecordedVllm"]

    def __init__(
        self,
        model,
        accelerator,
        processing_class,
        mode="colocate",
        structured_outputs_regex=None,
        server_base_url=None,
        server_host="0.0.0.0",
        server_port=8000,
        server_timeout=240.0,
        group_port=51216,
        tensor_parallel_size=1,
        gpu_memory_utilization=0.9,
        max_model_length=None,
        max_num_seqs=None,
        enable_sleep_mode=False,
        model_impl="auto",
        trust_remote_code=False,
        repetition_penalty=1.0,
        temperature=1.0,
        top_p=1.0,
        top_k=0,
        min_p=0.0,
        max_completion_length=16,
        logprobs=0,
        generation_kwargs=None,
    ):
        self.model, self.processing_class, self.mode, self.logprobs = model, processing_class, mode, logprobs
        self.server_base_url, self.gpu_memory_utilization = server_base_url, gpu_memory_utilization
        self.max_model_length, self.trust_remote_code = max_model_length, trust_remote_code
        self.temperature, self.top_p, self.top_k, self.max_completion_length = temperature, top_p, top_k, 16
        self.generation_kwargs = generation_kwargs or {}
        self.calls: list[str] = []
        self.asked: list[SimpleNamespace] = []
        self.made.append(self)

    def sync_weights(self):
        self.calls.append("sync")

    def generate(self, prompts, images, num_generations, profiler=None):
        self.calls.append("generate")
        how = {name: getattr(self, name) for name in SET_BEFORE_EACH_CALL}
        self.asked.append(SimpleNamespace(prompts=prompts, images=images, num_generations=num_generations, **how))
        copies = 1 if self.mode == "server" else self.generation_kwargs["n"]
        tokenizer = self.processing_class
        written = []
        for number in range(len(prompts) * copies):
            ids = tokenizer(f"{number}", add_special_tokens=False)["input_ids"]
            written.append(ids if number % 3 == 2 else [*ids, tokenizer.eos_token_id])
        return prompts, written, None, None


SET_BEFORE_EACH_CALL = ("temperature", "top_p", "top_k", "max_completion_length", "generation_kwargs")


@pytest.fixture
def vllm(monkeypatch):
    RecordedVllm.made = []
    monkeypatch.setattr(vllm_rollouts, "VLLMGeneration", RecordedVllm)
    monkeypatch.setattr(vllm_rollouts, "is_vllm_available", lambda: True)
    return RecordedVllm


@pytest.fixture
def trainer(tmp_path, model, tokenizer):
    return refining_trainer(tmp_path, model, tokenizer, training_rows(4))


def names_and_defaults(function):
    return [(name, parameter.default) for name, parameter in inspect.signature(function).parameters.items()]


@pytest.mark.parametrize("method", ["__init__", "sync_weights", "generate"])
def test_the_stand_in_has_the_signatures_of_the_installed_class(method):
    installed = names_and_defaults(getattr(VLLMGeneration, method))
    assert names_and_defaults(getattr(RecordedVllm, method)) == installed


@pytest.mark.parametrize("name", SET_BEFORE_EACH_CALL)
def test_the_installed_class_reads_with_each_call_what_is_set_before_it(name):
    assert f"self.{name}" in inspect.getsource(VLLMGeneration.generate)


def test_a_number_of_samples_in_generation_kwargs_wins_in_an_engine():
    # Else each copy of a prompt would be sampled with the same seed.
    source = inspect.getsource(VLLMGeneration.generate)
    assert source.index('"n": 1') < source.index("generation_kwargs.update(self.generation_kwargs)")


def test_how_it_is_made(vllm, trainer):
    TrainedVllm(trainer, "server", "http://127.0.0.1:9", 0.4, 2048)
    (made,) = vllm.made
    assert made.model is trainer.model
    assert made.processing_class is trainer.processing_class
    assert (made.mode, made.server_base_url) == ("server", "http://127.0.0.1:9")
    assert (made.gpu_memory_utilization, made.max_model_length, made.logprobs) == (0.4, 2048, None)


def test_an_engine_gets_each_prompt_once_and_the_number_of_samples(vllm, trainer, tokenizer):
    answers = generate_all(TrainedVllm(trainer), PROMPTS, SAMPLED)
    (asked,) = vllm.made[0].asked
    texts = tokenizer.batch_decode(asked.prompts)
    assert texts == [f"<|im_start|>user\nword {n}<|im_end|>\n<|im_start|>assistant\n" for n in range(3)]
    assert asked.images is None
    assert (asked.temperature, asked.top_p, asked.top_k, asked.max_completion_length) == (0.7, 0.8, 20, 9)
    assert asked.generation_kwargs == {"n": 2, "seed": SAMPLED.answer_seed(PROMPTS[0], 0)}
    assert [answer.texts for answer in answers] == [("0", "1"), ("2", "3"), ("4", "5")]
    assert [answer.finished for answer in answers] == [(True, True), (False, True), (True, False)]
    assert answers[0].tokens == (2, 2)


def test_a_server_gets_copies_of_each_prompt(vllm, trainer):
    answers = generate_all(TrainedVllm(trainer, "server"), PROMPTS, SAMPLED)
    (asked,) = vllm.made[0].asked
    assert asked.num_generations == 2
    assert asked.prompts[0] == asked.prompts[1] != asked.prompts[2]
    assert len(asked.prompts) == 6
    assert asked.generation_kwargs == {"seed": SAMPLED.answer_seed(PROMPTS[0], 0)}
    assert [answer.texts for answer in answers] == [("0", "1"), ("2", "3"), ("4", "5")]


def test_greedy_answers_have_no_seed(vllm, trainer):
    generate_all(TrainedVllm(trainer), PROMPTS, GenerationSettings(max_new_tokens=9))
    (asked,) = vllm.made[0].asked
    assert (asked.temperature, asked.generation_kwargs) == (0.0, {"n": 1})


def test_weights_are_sent_once_before_the_first_answers_after_a_step(vllm, trainer):
    generator = TrainedVllm(trainer)
    for step in (3, 3, 5):
        trainer.state.global_step = step
        generate_all(generator, PROMPTS, SAMPLED)
    assert vllm.made[0].calls == ["sync", "generate", "generate", "sync", "generate"]


def test_a_second_training_sends_its_weights_at_the_same_step(vllm, trainer):
    generator = TrainedVllm(trainer)
    for _ in range(2):
        trainer.state = TrainerState(global_step=3)
        generate_all(generator, PROMPTS, SAMPLED)
    assert vllm.made[0].calls == ["sync", "generate"] * 2


def test_the_description_tells_one_step_from_the_next(vllm, trainer):
    generator = TrainedVllm(trainer)
    before = generator.description
    trainer.state.global_step = 3
    assert before["way"] == "vllm colocate"
    assert generator.description != before


def test_no_prompts_ask_nothing(vllm, trainer):
    assert generate_all(TrainedVllm(trainer), [], SAMPLED) == []
    assert vllm.made[0].calls == []


def test_rounds_of_a_run_share_one_engine(vllm, tmp_path, model, tokenizer):
    config = small_config(engine="vllm", vllm_gpu_memory_utilization=0.2)
    trainer = refining_trainer(
        tmp_path, model, tokenizer, training_rows(4), RefinementCallback(config), num_train_epochs=3
    )
    trainer.train()
    (made,) = vllm.made
    assert made.gpu_memory_utilization == 0.2
    # Four queries in chunks of three.
    assert made.calls == ["sync", "generate", "generate"] * 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"engine": "vllm", "vllm_mode": "remote"}, "`vllm_mode` is 'remote'"),
        ({"engine": "vllm", "vllm_gpu_memory_utilization": 1.5}, "`vllm_gpu_memory_utilization` is 1.5"),
        ({"engine": "vllm", "vllm_server_base_url": "http://127.0.0.1:9"}, "set engine='vllm' and vllm_mode='server'"),
    ],
)
def test_wrong_settings_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        small_config(**arguments)


def test_without_vllm_the_error_names_the_extra(monkeypatch, trainer):
    monkeypatch.setattr(vllm_rollouts, "is_vllm_available", lambda: False)
    with pytest.raises(ImportError, match=r"funreason-trl\[vllm\]"):
        TrainedVllm(trainer)
