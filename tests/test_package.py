"""Pins the package as a whole: versions, pins, public names, and what the style asks of every file."""

import ast
import configparser
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import funreason_trl


ROOT = Path(__file__).parents[1]
METADATA = configparser.ConfigParser()
METADATA.read(ROOT / "setup.cfg")
MODULES = sorted((ROOT / "funreason_trl").rglob("*.py"))
SCRIPTS = sorted([*(ROOT / "examples").glob("*.py"), *(ROOT / "benchmarks").glob("*.py")])
# What CI does not install, because it needs a GPU.
UNPINNED_EXTRAS = {"vllm"}


def requirements() -> list[Requirement]:
    listed = METADATA["options"]["install_requires"]
    for extra, text in METADATA["options.extras_require"].items():
        if extra not in UNPINNED_EXTRAS:
            listed += text
    return [Requirement(line) for line in listed.splitlines() if line]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_version_is_the_same_in_both_places():
    assert funreason_trl.__version__ == METADATA["metadata"]["version"]


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_every_requirement_is_pinned_within_its_range(requirement):
    pinned = {canonicalize_name(name): version for name, version in pins().items()}
    assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)], prereleases=False)


def test_the_constraints_are_exact_and_name_nothing_twice():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    assert len({canonicalize_name(line.split("==")[0]) for line in lines}) == len(lines)
    assert pins()["torch"] == "2.13.0"


def test_the_python_versions_agree():
    supported = SpecifierSet(METADATA["options"]["python_requires"])
    listed = re.findall(r"Python :: (3\.\d+)$", METADATA["metadata"]["classifiers"], re.MULTILINE)
    assert listed == [f"3.{minor}" for minor in range(30) if f"3.{minor}" in supported]


def test_the_public_names_can_be_imported():
    assert set(funreason_trl.__all__) == set(funreason_trl._HOME)
    for name in funreason_trl.__all__:
        assert funreason_trl.__getattr__(name).__name__ == name


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="SRMLTrainr"):
        _ = funreason_trl.SRMLTrainr


@pytest.mark.parametrize("path", MODULES + SCRIPTS, ids=relative)
def test_every_file_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", MODULES + SCRIPTS, ids=relative)
def test_no_file_is_over_400_lines(path):
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES}), ids=relative)
def test_every_folder_of_modules_is_a_package(folder):
    assert (folder / "__init__.py").is_file()
