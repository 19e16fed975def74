"""Fixtures that all tests share: tiny models and tokenizers, built here and never downloaded."""

import os
import signal


# Before anything of Hugging Face is imported: no test may reach for the network.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
# A busy machine may take longer than the ten seconds that huggingface_hub waits for a server, the local Hub included.
os.environ["HF_HUB_ETAG_TIMEOUT"] = os.environ["HF_HUB_DOWNLOAD_TIMEOUT"] = "300"
# Tiny models gain nothing from threads, and the workers of pytest-xdist would fight over the cores.
os.environ["OMP_NUM_THREADS"] = "1"

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

from funreason_trl.data.rendering import render_python
from funreason_trl.data.sample import sample_rows
from funreason_trl.models import tiny as packaged
from tests.hub.clients import point_here
from tests.hub.server import LocalHub
from tests.tiny import build_tiny_model, build_tiny_tokenizer


# A run that a script starts in the background ignores Ctrl-C, and so would the processes that tests send it to.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Hypothesis's own profile "ci" has the same examples in every run and on every machine, however slow;
# HYPOTHESIS=explore looks for others.
settings.register_profile(
    "explore", settings.get_profile("default"), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS", "ci"))
if settings.default.derandomize:
    # Else examples hold constants of our modules, and so depend on which of them other tests have loaded.
    providers._get_local_constants = Constants

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items):
    import torch

    reasons = {}
    if not SHARED_DATA.is_dir():
        reasons["shared_data"] = f"{SHARED_DATA} is missing"
    if not torch.cuda.is_available():
        reasons["gpu"] = "no CUDA device"
    for item in items:
        for marker, reason in reasons.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    return SHARED_DATA


@pytest.fixture(scope="session")
def tokenizer():
    return build_tiny_tokenizer()


@pytest.fixture
def model(tokenizer):
    return build_tiny_model(len(tokenizer))


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory) -> Path:
    """A saved tiny model whose tokenizer has seen the embedded sample."""
    examples = [example for row in sample_rows(20) for example in render_python(row)]
    texts = [message["content"] for example in examples for message in example["prompt"] + example["completion"]]
    return packaged.build_tiny_model(texts, tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty Hub on 127.0.0.1, which this process talks to while the test lasts."""
    with LocalHub(tmp_path / "hub") as hub:
        point_here(monkeypatch, hub.url, tmp_path / "home")
        yield hub
