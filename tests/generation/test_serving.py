"""Pins answers through a real endpoint: `transformers serve` on 127.0.0.1 with the tiny model."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from funreason_trl.data.rendering import render_python
from funreason_trl.data.sample import sample_rows
from funreason_trl.generation import GenerationSettings, Prompt, generate_all, generate_to_file
from funreason_trl.generation.endpoint_generator import EndpointGenerator
from funreason_trl.generation.transformers_generator import TransformersGenerator


NEEDED = ("fastapi", "openai", "uvicorn")
MISSING = [name for name in NEEDED if find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"transformers serve needs {', '.join(MISSING)}")

GREEDY = GenerationSettings(max_new_tokens=10)
START_SECONDS = 900


@pytest.fixture(scope="module")
def served(model_folder, tmp_path_factory):
    """Address of a server that has just been started; its log is shown where it does not start."""
    # Held until the end, so that no other process gets this port; the server may bind it as well.
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port = held.getsockname()[1]
    folder = tmp_path_factory.mktemp("served")
    (folder / "hf" / "hub").mkdir(parents=True)
    command = [Path(sys.executable).with_name("transformers"), "serve", model_folder, "--device", "cpu"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, "HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "1"}
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers_health(port):
            assert server.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()
        held.close()


def answers_health(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as response:
            return response.status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def prompts():
    return [Prompt(example["prompt"]) for row in sample_rows(6) for example in render_python(row)]


def test_the_endpoint_writes_what_the_model_writes_here(served, model_folder, prompts):
    model = AutoModelForCausalLM.from_pretrained(model_folder)
    here = generate_all(TransformersGenerator(model, AutoTokenizer.from_pretrained(model_folder)), prompts, GREEDY)
    assert len({answer.texts for answer in here}) > 1
    assert generate_all(EndpointGenerator(served, str(model_folder)), prompts, GREEDY) == here


def test_answers_go_to_a_file_and_come_back_from_it(served, model_folder, prompts, tmp_path):
    generator = EndpointGenerator(served, str(model_folder), concurrency=2)
    asked = {str(number): prompt for number, prompt in enumerate(prompts)}
    some = generate_to_file(generator, dict(list(asked.items())[:2]), GREEDY, tmp_path / "answers.jsonl")
    everything = generate_to_file(generator, asked, GREEDY, tmp_path / "answers.jsonl")
    assert list(everything) == list(asked)
    assert {id: everything[id] for id in some} == some
