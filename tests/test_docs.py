"""Pins README and docs/: every code block runs, every command line is one that its program reads, every link leads somewhere."""

import contextlib
import dataclasses
import doctest
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from funreason_trl import SRMLConfig
from funreason_trl.calls import Call
from funreason_trl.data.rows import message_calls
from funreason_trl.data.sources import read_rows
from funreason_trl.evaluation.bfcl import data as bfcl_data
from funreason_trl.fcdr.verdicts import Stage
from funreason_trl.refinement import RefinementConfig
from funreason_trl.scripts import cli
from funreason_trl.scripts.build import BuildArguments
from funreason_trl.scripts.eval import EvalArguments
from funreason_trl.scripts.refine import RefineArguments
from funreason_trl.scripts.train import DataArguments
from tests.documentation import BESIDE_THE_DOCS, PAGES, ROOT, blocks_of, commands_of, parse_command, prose_of
from tests.evaluation.bfcl.files import write_package
from tests.evaluation.bfcl.test_asking import rows as bfcl_rows
from tests.srml.training import build_trainer
from tests.tiny import tiny_rows


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
RUN = [block for block in BLOCKS if block.reason is None]
TUTORIAL = ROOT / "docs/tutorial/first-run.md"
LANGUAGES = ("bash", "python", "yaml", "json", "text")
# Blocks with `<!-- not run: REASON -->` before them.
NOT_RUN = {"docs/how-to/vllm.md": 3, "docs/how-to/hub.md": 2, "docs/how-to/resume.md": 1}

MODEL, ROWS, BUILT = "Qwen/Qwen2.5-Coder-7B-Instruct", "my/chain-of-thought-calls", "my/built-rows"
ONE_STEP = 'output_dir="out", use_cpu=True, bf16=False, max_steps=1, logging_steps=1, save_strategy="no"'
TOOL = {"name": "get_weather", "description": "Weather.", "parameters": {"city": {"type": "str"}}}


CONFIGURATIONS = (SRMLConfig, RefinementConfig, BuildArguments, EvalArguments, DataArguments, RefineArguments)
SETTINGS = {field.name for kind in CONFIGURATIONS for field in dataclasses.fields(kind)}
# Names with an underscore in the text that are no settings of ours.
OTHER_NAMES = {
    *("funreason_trl", "normalize_tools", "planted_refinement", "render_dataset"),
    *("eval_loss", "think_to_call", *Stage),
    # figures of a round
    *("accepted_rows", "accepted_answers", "equals_gold", "think_length", "no_call", "pool_refined"),
    *("num_processes", "sp_size", "cp_size"),  # of accelerate
}


def names_of(pages: list[Path]) -> list[str]:
    return [page.relative_to(ROOT).as_posix() for page in pages]


def pages_with(language: str, session: bool = False) -> list[str]:
    return sorted({block.page for block in RUN if block.language == language and block.is_session == session})


# Blocks


def test_every_block_is_of_a_kind_that_is_tested():
    assert {block.language for block in BLOCKS} <= set(LANGUAGES)
    assert len(BLOCKS) > 50
    fences = sum(page.read_text().count("\n```") for page in PAGES)
    assert fences == 2 * len(BLOCKS), "a fence that no test sees"


def test_blocks_that_are_not_run_are_few_and_say_why():
    not_run = [block for block in BLOCKS if block.reason is not None]
    assert {
        page: sum(block.page == page for block in not_run) for page in {block.page for block in not_run}
    } == NOT_RUN
    marks = sum(page.read_text().count("<!--") for page in PAGES)
    assert marks == len(not_run), "a comment that is no mark of a block"


@pytest.fixture
def workspace(model, tokenizer, tmp_path, monkeypatch) -> Path:
    """A folder with what the pages speak of: a model, rows for a trainer, and `rows.jsonl` in xLAM's form."""
    model.save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in tiny_rows(8)))
    with (tmp_path / "rows.jsonl").open("w") as file:
        for city in ("Oslo", "Rome", "Paris"):
            call = {"name": "get_weather", "arguments": {"city": city}}
            thought = f"The user asks for the weather in {city} today, so get_weather fits."
            row = {"query": f"What is the weather in {city} today?", "tools": [TOOL], "answers": [call]}
            file.write(json.dumps({**row, "reasoning": thought}) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def with_tiny_parts(script: str, folder: Path) -> str:
    """The script as it stands, but for the model, the dataset and one short step on the processor."""
    for old, new in (
        (f'"{MODEL}"', repr(str(folder / "model"))),
        (f'"{ROWS}"', repr(str(folder / "rows"))),
        (f'"{BUILT}"', repr(str(folder / "rows.jsonl"))),
        ('output_dir="out"', ONE_STEP),
    ):
        script = script.replace(old, new)
    return script


def run_python_blocks(page: str, folder: Path, names: dict) -> None:
    """Runs a page's blocks one after the other; where text follows a block, that is what it prints."""
    blocks = [block for block in RUN if block.page == page and not block.is_session]
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block.language != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(with_tiny_parts(block.text, folder), page, "exec"), names)
        if following is not None and following.language == "text":
            assert printed.getvalue() == following.text


@pytest.mark.parametrize("page", sorted(set(pages_with("python")) - {"README.md", *names_of([TUTORIAL])}))
def test_the_python_of_a_page_runs(page, workspace, monkeypatch):
    monkeypatch.setattr(bfcl_data, "load_bfcl", lambda: bfcl_rows("irrelevance", 30))
    # Where a page adds to a trainer that it does not make, any will do.
    run_python_blocks(page, workspace, {"trainer": build_trainer(), "__name__": "page"})


@pytest.mark.parametrize("page", pages_with("python", session=True))
def test_sessions_give_what_they_show(page):
    text = "\n".join(block.text for block in RUN if block.page == page and block.is_session)
    session = doctest.DocTestParser().get_doctest(text, {}, page, None, None)
    assert len(session.examples) > 2
    assert doctest.DocTestRunner().run(session).failed == 0


@pytest.mark.parametrize(
    "block", [block for block in RUN if block.language == "json"], ids=lambda block: block.text[:20]
)
def test_rows_are_read_as_what_they_show(block, tmp_path):
    (tmp_path / "rows.jsonl").write_text(block.text)
    (row,) = read_rows(tmp_path / "rows.jsonl")
    assert message_calls(row["messages"][-1]) == [Call("get_weather", {"city": "Oslo"})]
    assert row["tools"][0]["function"]["parameters"]["required"] == ["city"]


# Commands


@pytest.mark.parametrize("page", pages_with("bash"))
def test_the_commands_of_a_page_are_read_by_their_programs(page, tmp_path):
    blocks = [block for block in RUN if block.page == page]
    files = {}
    for block in blocks:
        if block.language == "yaml":
            assert block.file_name is not None, f"{page}: a YAML block needs `# NAME.yaml` in its first line"
            assert isinstance(yaml.safe_load(block.text), dict)
            files[block.file_name] = tmp_path / block.file_name
            files[block.file_name].write_text(block.text)
    commands = [words for block in blocks if block.language == "bash" for words in commands_of(block)]
    assert commands
    for words in commands:
        parse_command(words, files)
    assert set(files) <= {word for words in commands for word in words}, "a YAML file that no command reads"


@pytest.mark.parametrize(
    "line",
    [
        "funreason train --config recipes/smollm2-135m/srml.yaml --blance fixed",
        "funreason train --config recipes/missing.yaml",
        "funreason train --config recipes/smollm2-135m/srml.yaml --balance even",
        "funreason refine --config examples/refine.yaml --cold_epochs 0",
        "funreason eval --model MODEL --benchmarks bfcl mmlu",
        "funreason build --output built",
        "funreason distill",
        "python examples/train_srml.py --rows sample",
        "python examples/missing.py",
        "accelerate launch --config_file examples/accelerate/missing.yaml examples/train_srml.py --model MODEL",
        "accelerate launch -m funreason_trl.scripts.train --config recipes/smollm2-135m/srml.yaml --blance fixed",
        "torchrun --nproc_per_node 2 examples/refine.py --modle MODEL",
        "make coffee",
        "pip install funreason-trl[coffee]",
        "coffee",
    ],
)
def test_a_wrong_command_is_found(line):
    with pytest.raises(AssertionError):
        parse_command(line.split(), {})


@cache
def known_options() -> set[str]:
    """Every option of every command, as its help shows it."""
    shown = ""
    for command in cli.COMMANDS:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), pytest.raises(SystemExit):
            cli.main([command, "--help"])
        shown += printed.getvalue()
    return set(re.findall(r"--[a-z][\w-]*", shown)) | {"--cpu", "--num_processes"}


@pytest.mark.parametrize("page", names_of(PAGES))
def test_options_commands_and_paths_in_the_text_exist(page):
    inline = re.findall(r"`([^`\n]+)`", prose_of(ROOT / page))
    options = {option for words in inline for option in re.findall(r"(?<!\S)--[a-z][\w-]*", words)}
    assert {option.replace("-", "_") for option in options} <= {option.replace("-", "_") for option in known_options()}
    commands = {name for words in inline for name in re.findall(r"^funreason ([a-z]+)", words)}
    assert commands <= set(cli.COMMANDS)
    names = {found[1] for words in inline if (found := re.fullmatch(r"([a-z]+(?:_[a-z]+)+)(?:[=:] ?.*)?", words))}
    assert names <= SETTINGS | OTHER_NAMES
    paths = {words for words in inline if re.match(r"(funreason_trl|recipes|examples|benchmarks|tests|docs)/", words)}
    assert [path for path in paths if not (ROOT / path).exists()] == []


# The tutorial


def test_the_tutorial_runs_as_it_stands(model_folder, tmp_path, monkeypatch, capsys):
    """Its commands and its Python in their order; only the models and the amounts are small."""
    for folder in ("recipes", "examples"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    write_package(tmp_path / "package")
    tiny = ["--model_name_or_path", str(model_folder), "--per_device_train_batch_size", "1"]
    small = {
        "build": ["--limit", "8"],
        "train": [*tiny, "--max_steps", "2", "--gradient_accumulation_steps", "1"],
        "refine": [*tiny, "--rows_per_round", "2", "--answers_per_row", "1", "--max_new_tokens", "4"],
        "eval": [
            "--base",
            str(model_folder),
            "--bfcl_data",
            "package",
            "--categories",
            "multiple",
            "--max_new_tokens",
            "4",
        ],
        "report": [],
    }
    names: dict = {}
    done = []
    for block in blocks_of(TUTORIAL):
        if block.language == "python":
            exec(compile(block.text.replace("max_new_tokens=160", "max_new_tokens=4"), block.page, "exec"), names)
            done.append("python")
        for words in commands_of(block) if block.language == "bash" else []:
            if words[0] == "funreason":
                cli.main([*words[1:], *small[words[1]]])
                done.append(words[1])
            else:
                assert words in (["make", "quickstart"], ["source", ".venv/bin/activate"])
    assert done == ["build", "python", "train", "python", "eval", "refine", "report", "report"]
    assert names["example"]["completion"][0]["content"].startswith("<think>")
    for name in re.findall(r"`(runs/first/[^`]+)`", prose_of(TUTORIAL)):
        assert (tmp_path / name).exists(), name
    first = tmp_path / "runs/first"
    assert (first / "model/funreason_run.json").is_file() and (first / "model/adapter_config.json").is_file()
    assert len((first / "refined/refinement/refinement.jsonl").read_text().splitlines()) == 1
    assert "<svg" in (first / "both.html").read_text()


# Links


def anchors_of(page: Path) -> set[str]:
    """Anchors that a web view of the Markdown gives its headings."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    broken = []
    for target in re.findall(r"\]\((?!\w+:)([^)\s]*)\)", prose_of(page)):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.is_file() or (anchor and anchor not in anchors_of(file)):
            broken.append(target)
    return broken


@pytest.mark.parametrize("page", names_of(PAGES))
def test_every_link_leads_somewhere(page):
    assert broken_links(ROOT / page) == []


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A page\n\n[no](missing.md) [none](#missing) [yes](#a-page) [out](https://example.org/missing)\n"
    )
    assert broken_links(page) == ["missing.md", "#missing"]


def test_every_page_is_linked_from_the_first():
    linked = {
        (ROOT / "docs" / target).resolve()
        for target in re.findall(r"\]\(([^)#:]+)", (ROOT / "docs/README.md").read_text())
    }
    assert set(PAGES) - {*BESIDE_THE_DOCS, ROOT / "docs/README.md"} <= linked


# The site

needs_generator = pytest.mark.skipif(importlib.util.find_spec("properdocs") is None, reason="properdocs: extra `docs`")


def build_site(config: Path, site: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "properdocs", "build", "-f", str(config), "-d", str(site)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})


@needs_generator
def test_the_site_is_built_with_a_reference_of_everything(tmp_path):
    done = build_site(ROOT / "properdocs.yml", tmp_path / "site")
    assert done.returncode == 0, done.stderr
    commands = (tmp_path / "site/reference/commands.html").read_text()
    for kind in (SRMLConfig, RefinementConfig, BuildArguments, EvalArguments):
        own = [field.name for field in dataclasses.fields(kind) if field.name in kind.__annotations__]
        assert own and all(f"<code>--{name}</code>" in commands for name in own)
    assert all(f'id="{command}"' in commands for command in cli.COMMANDS)
    srml = (tmp_path / "site/reference/srml.html").read_text()
    assert 'id="funreason_trl.srml.trainer.SRMLTrainer"' in srml
    assert 'href="#funreason_trl.srml.config.SRMLConfig"' in srml
    index = (tmp_path / "site/reference/index.html").read_text()
    assert 'href="srml.html"' in index and 'href="commands.html"' in index
    assert (tmp_path / "site/repository/benchmarks/results/build_scale.png").is_file()


@needs_generator
@pytest.mark.parametrize(
    "link", ["[x](missing.md)", "[x](#missing)", "[x](/absolute.md)", "[x](how-to/own-data.md#missing)"]
)
def test_a_broken_link_stops_the_build(link, tmp_path):
    config = yaml.safe_load((ROOT / "properdocs.yml").read_text())
    for name in ("hooks", "watch", "nav", "not_in_nav"):  # the pages themselves, which are built above
        del config[name]
    (tmp_path / "properdocs.yml").write_text(yaml.safe_dump(config))
    (tmp_path / "docs/how-to").mkdir(parents=True)
    (tmp_path / "docs/how-to/own-data.md").write_text("# Rows\n")
    page = tmp_path / "docs/README.md"
    page.write_text("# Home\n\n[yes](how-to/own-data.md#rows)\n")
    assert build_site(tmp_path / "properdocs.yml", tmp_path / "site").returncode == 0
    page.write_text(f"{page.read_text()}\n{link}\n")
    done = build_site(tmp_path / "properdocs.yml", tmp_path / "site")
    assert done.returncode != 0
    assert "README.md" in done.stderr
