"""What the tests of generation share: a model whose answers depend on the prompt, prompts, and a server that misbehaves."""

import pytest
import torch

from funreason_trl.generation import Prompt
from tests.generation.stand_in import StandIn
from tests.tiny import build_tiny_model


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
def prompts():
    return [Prompt([{"role": "user", "content": query}]) for query in QUERIES]


@pytest.fixture
def server():
    with StandIn() as stand_in:
        yield stand_in
