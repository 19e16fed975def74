"""The real BFCL, for tests that can use it: the installed package, or the wheel that an earlier command downloaded."""

import importlib.util

import pytest
from huggingface_hub import cached_assets_path

from funreason_trl.evaluation.bfcl import data


@pytest.fixture(scope="session")
def bfcl_source():
    if importlib.util.find_spec(data.PACKAGE) is not None:
        return None
    folder = cached_assets_path("funreason_trl", namespace="bfcl", subfolder=data.WHEEL.replace("==", "-"))
    wheels = list(folder.glob("*.whl"))
    if not wheels:
        pytest.skip("BFCL's wheel is not in the cache; any `funreason eval` puts it there")
    return wheels[0]
