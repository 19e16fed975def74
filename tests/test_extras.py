"""Pins what is said about packages that are not installed."""

import ast
import importlib
import sys

import pytest

from funreason_trl.extras import check_installed, check_trackers, how_to_install
from tests.test_package import METADATA, MODULES, relative


OPTIONAL = {"vllm", "gguf", "datatrove", "multiprocess", "deepspeed", "trackio", "wandb", "tensorboard", "flash_attn"}


def test_every_extra_that_is_named_is_one_of_the_packages():
    for module in ("vllm", "gguf", "datatrove"):
        extra = how_to_install(module).partition("[")[2].partition("]")[0]
        assert module in METADATA["options.extras_require"][extra]


def test_other_modules_are_packages_of_their_names():
    assert how_to_install("wandb") == "wandb is not installed: `pip install wandb`"


def test_what_is_installed_is_let_through():
    check_installed("json", "this")
    check_trackers(["none"])
    check_trackers([])


def test_a_tracker_that_is_missing_is_named_with_the_option(monkeypatch):
    monkeypatch.setitem(sys.modules, "trackio", None)
    with pytest.raises(
        ImportError, match=r"`report_to` has 'trackio', but trackio is not installed: `pip install trackio`"
    ):
        check_trackers(["trackio"])


def test_the_steps_for_datatrove_name_their_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "datatrove", None)
    monkeypatch.setitem(sys.modules, "datatrove.data", None)
    monkeypatch.delitem(sys.modules, "funreason_trl.scale", raising=False)
    with pytest.raises(ImportError, match=r'pip install "funreason-trl\[scale\]"'):
        importlib.import_module("funreason_trl.scale")


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_nothing_optional_is_imported_when_a_module_is(path):
    for statement in ast.parse(path.read_text()).body:
        imported = (
            {name.name.partition(".")[0] for name in statement.names} if isinstance(statement, ast.Import) else set()
        )
        if isinstance(statement, ast.ImportFrom) and statement.level == 0:
            imported = {statement.module.partition(".")[0]}
        assert not imported & OPTIONAL
