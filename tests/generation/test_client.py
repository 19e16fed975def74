"""Pins one request to an endpoint: what is tried again and what is refused, and the text that is made of the reply."""

import asyncio
import json
import random
import time

import pytest

from funreason_trl.calls import Call, parse_calls
from funreason_trl.generation.client import (
    KEY_VARIABLE,
    ChatClient,
    EndpointError,
    RequestRefused,
    Usage,
    read_completion,
)
from funreason_trl.generation.prompts import Sample
from tests.generation.stand_in import CUT, GARBAGE, SILENCE, StandIn, completion, dead_url


MESSAGES = [{"role": "user", "content": "hello"}]


def ask(base_url, messages=MESSAGES, tools=None, parameters=None, **options):
    async def run():
        async with ChatClient(base_url, "some-model", **{"first_wait": 0.001, **options}) as client:
            return await client.complete(messages, tools, **(parameters or {}))

    return asyncio.run(run())


def test_the_request_is_a_chat_completion(server):
    assert ask(server.base_url, parameters={"max_tokens": 7, "temperature": 0.0}) == Sample("HELLO", 3, True)
    ((path, _, body),) = server.requests
    assert path == "/v1/chat/completions"
    assert body.pop("stream") is False
    assert body == {"model": "some-model", "messages": MESSAGES, "max_tokens": 7, "temperature": 0.0}


def test_tools_and_calls_in_the_history_travel_in_openais_form(server):
    tools = [{"type": "function", "function": {"name": "f", "description": "", "parameters": {"type": "object"}}}]
    history = [
        *MESSAGES,
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}],
        },
        {"role": "tool", "name": "f", "content": "2"},
    ]
    ask(server.base_url, history, tools)
    ((_, _, body),) = server.requests
    assert body["tools"] == tools
    assert json.loads(body["messages"][1]["tool_calls"][0]["function"]["arguments"]) == {"a": 1}
    assert history[1]["tool_calls"][0]["function"]["arguments"] == {"a": 1}


@pytest.mark.parametrize(
    "trouble", [408, 429, 500, 502, 503, 504, CUT, GARBAGE, {"choices": []}, {"choices": None}, {}]
)
def test_passing_trouble_is_tried_again(server, trouble):
    server.script = [trouble, trouble]
    assert ask(server.base_url) == Sample("HELLO", 3, True)
    assert len(server.requests) == 3


def test_a_server_that_never_answers_is_given_up_in_the_time_that_was_set(server):
    server.script = [SILENCE, SILENCE]
    started = time.monotonic()
    with pytest.raises(EndpointError, match=r"2 attempts.*Timeout.*is 0.2 s enough"):
        ask(server.base_url, timeout=0.2, attempts=2)
    assert time.monotonic() - started < 600  # the server is silent for longer
    server.script = [SILENCE]
    assert ask(server.base_url, timeout=2).text == "HELLO"


@pytest.mark.parametrize(
    ("trouble", "words"), [(500, "status 500, .*words of the server"), (GARBAGE, "JSON"), (CUT, "Error")]
)
def test_trouble_that_does_not_pass_is_an_error_with_address_and_cause(server, trouble, words):
    server.script = [trouble] * 3
    with pytest.raises(EndpointError, match=words) as error:
        ask(server.base_url, attempts=3)
    assert server.base_url in str(error.value)
    assert "3 attempts" in str(error.value)
    assert len(server.requests) == 3


def test_a_dead_endpoint_is_an_error_with_address(server):
    url = dead_url()
    with pytest.raises(EndpointError, match=r"2 attempts.*Is the server running there") as error:
        ask(url, attempts=2)
    assert url in str(error.value)


@pytest.mark.parametrize(("status", "kind"), [(400, RequestRefused), (413, RequestRefused), (422, RequestRefused)])
def test_a_bad_request_is_refused_at_once_with_the_servers_words(server, status, kind):
    server.script = [status]
    with pytest.raises(kind, match=r"some-model.*words of the server"):
        ask(server.base_url)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_or_model_is_an_error_at_once(server, status):
    server.script = [status]
    with pytest.raises(EndpointError, match=f"status {status}.*{KEY_VARIABLE}") as error:
        ask(server.base_url)
    assert not isinstance(error.value, RequestRefused)
    assert len(server.requests) == 1


def test_waits_grow_and_the_servers_own_wish_comes_first(server, monkeypatch):
    waits = []
    sleep = asyncio.sleep

    async def noted_sleep(seconds, *arguments):
        waits.append(seconds)
        await sleep(0)

    server.script = [500, 500, 500, (429, {"Retry-After": "17"}), (503, {"Retry-After": "9999"})]
    monkeypatch.setattr("funreason_trl.generation.client.asyncio.sleep", noted_sleep)
    ask(server.base_url, first_wait=1.0, attempts=6)
    assert [round(wait, 6) for wait in waits[3:]] == [17, 60]
    assert all(0.5 * 2**place <= wait <= 1.5 * 2**place for place, wait in enumerate(waits[:3]))


def test_waiting_leaves_the_random_state_alone(server):
    server.script = [500]
    before = random.getstate()
    ask(server.base_url)
    assert random.getstate() == before


# Keys


def sent_keys(server):
    return [headers.get("Authorization") for _, headers, _ in server.requests]


def test_the_hubs_token_and_openais_key_are_never_sent(server, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    ask(server.base_url)
    ((_, headers, _),) = server.requests
    assert "secret" not in str(headers)


def test_the_key_is_the_given_one_or_the_variables(server, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "from-variable")
    ask(server.base_url)
    ask(server.base_url, api_key="given")
    assert sent_keys(server) == ["Bearer from-variable", "Bearer given"]


@pytest.mark.parametrize(
    ("field", "value"), [("base_url", "127.0.0.1:8000"), ("timeout", 0), ("attempts", 0), ("concurrency", 0)]
)
def test_a_wrong_setting_names_field_and_value(field, value):
    with pytest.raises(ValueError, match=f"{field}={value!r}"):
        ask(**{"base_url": "http://127.0.0.1:1", field: value})


def test_a_redirect_is_followed_and_the_key_stays_with_its_own_address(server):
    with StandIn() as other:
        server.script = [(307, {"Location": other.base_url + "/elsewhere"})]
        assert ask(server.base_url, api_key="secret").text == "HELLO"
        assert sent_keys(server) == ["Bearer secret"]
        assert sent_keys(other) == [None]


def test_the_environments_proxy_is_taken_and_may_be_switched_off(server, monkeypatch):
    monkeypatch.setenv("http_proxy", server.base_url.removesuffix("/v1"))
    assert ask("http://model.invalid/v1").text == "HELLO"
    assert server.requests[0][0] == "http://model.invalid/v1/chat/completions"
    monkeypatch.setenv("no_proxy", "model.invalid")
    with pytest.raises(EndpointError, match="gave no answer"):
        ask("http://model.invalid/v1", attempts=1)


@pytest.mark.parametrize(
    "extra", [{"top_k": 5, "max_tokens": 3}, {"chat_template_kwargs": {"enable_thinking": False}}]
)
def test_further_fields_travel_and_come_first(server, extra):
    ask(server.base_url, parameters={"max_tokens": 7}, extra_body=extra)
    ((_, _, body),) = server.requests
    assert {key: body[key] for key in extra} == extra


def test_no_more_are_under_way_than_allowed(server):
    server.delay, server.together = 0.02, 2

    async def run():
        async with ChatClient(server.base_url, "some-model", concurrency=2) as client:
            await asyncio.gather(*(client.complete(MESSAGES) for _ in range(9)))

    asyncio.run(run())
    assert (server.most_under_way, len(server.requests)) == (2, 9)


def test_one_that_waits_to_try_again_leaves_its_place(server, monkeypatch):
    server.script = [429]

    async def run():
        others_are_done = asyncio.Event()
        monkeypatch.setattr("funreason_trl.generation.client.asyncio.sleep", lambda *_: others_are_done.wait())
        async with ChatClient(server.base_url, "some-model", concurrency=1) as client:
            first, *others = [asyncio.create_task(client.complete(MESSAGES)) for _ in range(4)]
            async with asyncio.timeout(600):
                await asyncio.gather(*others)
            assert not first.done()
            others_are_done.set()
            await first

    asyncio.run(run())
    assert (server.most_under_way, len(server.requests)) == (1, 5)


def test_a_client_may_be_used_in_one_event_loop_after_the_other(server):
    server.delay = 0.01
    client = ChatClient(server.base_url, "some-model", concurrency=1)

    async def run():
        async with client:
            await asyncio.gather(*(client.complete(MESSAGES) for _ in range(3)))

    asyncio.run(run())
    asyncio.run(run())
    assert client.usage == Usage(requests=6, prompt_tokens=30, new_tokens=18)


# Replies


def read(reply):
    return read_completion(reply)[0]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_is_put_back(server, field):
    server.script = [completion("[f(a=1)]", **{field: "\nWell.\n"})]
    assert ask(server.base_url).text == "<think>Well.</think>\n\n[f(a=1)]"


def test_reasoning_that_was_cut_off_is_left_open():
    assert read(completion("", "length", reasoning_content="We")) == Sample("<think>We", 3, False)
    closed = read(completion("Half an ans", "length", reasoning_content="We"))
    assert closed == Sample("<think>We</think>\n\nHalf an ans", 3, False)


def test_calls_are_put_back_and_can_be_parsed(server):
    functions = [{"name": "f", "arguments": '{"a": "ü"}'}, {"name": "g.h", "arguments": {"b": [1, None]}}]
    calls = [{"id": str(n), "type": "function", "function": function} for n, function in enumerate(functions)]
    server.script = [completion(None, "tool_calls", tool_calls=calls)]
    sample = ask(server.base_url)
    assert parse_calls(sample.text) == [Call("f", {"a": "ü"}), Call("g.h", {"b": [1, None]})]
    assert sample.finished
    assert read(completion("Sure.", tool_calls=calls[:1])).text.startswith("Sure.\n<tool_call>{")


@pytest.mark.parametrize("arguments", ["{broken", "[" * 100_000, "9" * 10_000])
def test_arguments_that_are_no_json_do_no_harm(arguments):
    calls = [{"function": {"name": "f", "arguments": arguments}}]
    text = read(completion(None, tool_calls=calls)).text
    assert json.loads(text.removeprefix("<tool_call>").removesuffix("</tool_call>")) == {
        "name": "f",
        "arguments": arguments,
    }


def test_a_reply_without_usage_has_no_tokens():
    reply = completion("x")
    del reply["usage"]
    assert read_completion(reply) == (Sample("x", 0, True), 0)


@pytest.mark.parametrize("count", [None, "many", float("inf"), [], {}])
def test_counts_that_are_no_numbers_do_no_harm(count):
    reply = completion("x")
    reply["usage"] = {"prompt_tokens": count, "completion_tokens": count}
    assert read_completion(reply) == (Sample("x", 0, True), 0)


@pytest.mark.parametrize(
    "reply",
    [
        {"choices": [{"message": "x", "finish_reason": "stop"}]},
        {"choices": [{"finish_reason": "stop"}]},
        [],
        "completion",
        {**completion("x"), "usage": 5},
        completion(5),
        completion("x", tool_calls=[{}]),
    ],
)
def test_a_reply_of_another_shape_is_an_error(reply):
    with pytest.raises(ValueError, match="no chat completion"):
        read(reply)
