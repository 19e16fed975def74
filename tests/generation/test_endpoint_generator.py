"""Pins answers through an endpoint that misbehaves: which come, which are refused, and that nothing hangs."""

import asyncio
import threading

import pytest

from funreason_trl.generation import GenerationSettings, Prompt, generate_all, generate_to_file
from funreason_trl.generation.client import EndpointError, RequestRefused
from funreason_trl.generation.endpoint_generator import EndpointGenerator
from tests.generation.stand_in import CUT, GARBAGE, SILENCE, completion, dead_url


PROMPTS = [Prompt([{"role": "user", "content": f"word {number}"}]) for number in range(12)]
EXPECTED = [(f"WORD {number}",) for number in range(12)]
GREEDY = GenerationSettings(max_new_tokens=9)
SAMPLED = GenerationSettings(max_new_tokens=9, temperature=0.7, top_p=0.9, samples=2, seed=5)


def generator_for(server, **options):
    return EndpointGenerator(server.base_url, "some-model", **{"first_wait": 0.001, **options})


def test_answers_come_for_all_prompts_with_so_many_requests_at_a_time(server):
    server.delay, server.together = 0.02, 3
    answers = generate_all(generator_for(server, concurrency=3), PROMPTS, GREEDY)
    assert [answer.texts for answer in answers] == EXPECTED
    assert [answer.tokens for answer in answers] == [(3,)] * 12
    assert server.most_under_way == 3


def test_greedy_requests_say_so_and_have_no_seed(server):
    generate_all(generator_for(server, extra_body={"repetition_penalty": 1.0}), PROMPTS[:1], GREEDY)
    ((_, _, body),) = server.requests
    assert (body["temperature"], body["max_tokens"], body["repetition_penalty"]) == (0.0, 9, 1.0)
    assert not {"seed", "top_p", "top_k", "n"} & set(body)


def test_each_sample_is_a_request_with_a_seed_of_its_own(server):
    answers = generate_all(generator_for(server), PROMPTS[:2], SAMPLED)
    assert [len(answer.texts) for answer in answers] == [2, 2]
    bodies = [body for _, _, body in server.requests]
    assert {body["seed"] for body in bodies} == {
        SAMPLED.answer_seed(prompt, number) for prompt in PROMPTS[:2] for number in range(2)
    }
    assert all((body["temperature"], body["top_p"]) == (0.7, 0.9) for body in bodies)


def test_trouble_in_between_is_overcome(server):
    server.script = [429, 500, CUT, GARBAGE, 503] * 3
    answers = generate_all(generator_for(server, attempts=16), PROMPTS, GREEDY)
    assert [answer.texts for answer in answers] == EXPECTED


def test_an_endpoint_that_dies_keeps_what_came_and_goes_on_later(server, tmp_path):
    prompts = {str(number): prompt for number, prompt in enumerate(PROMPTS)}
    path = tmp_path / "answers.jsonl"
    server.script = [completion("early")] * 5 + [500] * 100
    with pytest.raises(EndpointError, match="status 500") as error:
        generate_to_file(generator_for(server, concurrency=2, attempts=2), prompts, GREEDY, path)
    assert server.base_url in str(error.value)
    assert path.read_text().count('"early"') == 5

    server.script = []
    answers = generate_to_file(generator_for(server, concurrency=5), prompts, GREEDY, path)
    texts = [answer.texts for answer in answers.values()]
    # Which five came early is up to the threads of the server.
    assert texts.count(("early",)) == 5
    assert all(text in (("early",), later) for text, later in zip(texts, EXPECTED, strict=True))


def test_a_dead_endpoint_is_an_error_for_all(server):
    generator = EndpointGenerator(dead_url(), "some-model", attempts=2, first_wait=0.001)
    with pytest.raises(EndpointError, match="gave no answer in 2 attempts"):
        generate_all(generator, PROMPTS, GREEDY)


def test_a_refused_prompt_among_others_is_an_empty_answer_and_a_warning(server, tmp_path, caplog):
    prompts = {str(number): prompt for number, prompt in enumerate(PROMPTS)}
    server.script = [completion("first"), 400]
    answers = generate_to_file(generator_for(server, concurrency=1), prompts, GREEDY, tmp_path / "answers.jsonl")
    assert [number for number, answer in answers.items() if answer.texts == ("",)] == ["1"]
    assert answers["1"].finished == (False,) and answers["1"].tokens == (0,)
    assert "1 requests were refused" in caplog.text and "prompt 1 ('word 1')" in caplog.text


def test_refusing_all_is_an_error_soon(server):
    server.script = [422] * 12
    with pytest.raises(RequestRefused, match="words of the server"):
        generate_all(generator_for(server, concurrency=2), PROMPTS, GREEDY)
    assert len(server.requests) <= 3


def test_a_given_start_is_refused(server):
    prompts = [*PROMPTS[:1], Prompt(PROMPTS[1].messages, answer_start="<think>")]
    with pytest.raises(ValueError, match=r"prompt 1 has answer_start='<think>'.*local generator"):
        generate_all(generator_for(server), prompts, GREEDY)
    assert not server.requests


def test_leaving_early_ends_the_requests_and_the_thread(server):
    threads = threading.active_count()
    server.script = [completion("WORD"), *[SILENCE] * 11]
    stream = generator_for(server, concurrency=2).generate(PROMPTS, GREEDY)
    next(stream)
    stream.close()
    assert len(server.requests) <= 3
    assert not [thread for thread in threading.enumerate() if "run_forever" in thread.name]
    assert threading.active_count() <= threads + 4  # those of the server, which end by themselves


def test_it_works_within_a_running_event_loop(server):
    async def notebook():
        return generate_all(generator_for(server), PROMPTS[:2], GREEDY)

    assert [answer.texts for answer in asyncio.run(notebook())] == EXPECTED[:2]


def test_no_prompts_no_requests(server):
    assert generate_all(generator_for(server), [], GREEDY) == []
    assert not server.requests


def test_it_works_where_the_hub_is_switched_off(server, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert generate_all(generator_for(server), PROMPTS[:1], GREEDY)[0].texts == EXPECTED[0]


def test_a_wrong_setting_is_refused_before_any_prompt():
    with pytest.raises(ValueError, match="base_url='localhost'"):
        EndpointGenerator("localhost", "some-model")
    with pytest.raises(ValueError, match="concurrency=0"):
        EndpointGenerator("http://localhost", "some-model", concurrency=0)
