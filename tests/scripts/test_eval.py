"""`funreason eval` from end to end on a tiny model: what it writes, that it goes on where it stopped, what it refuses."""

import gc
import gzip
import json
import weakref

import pytest

from funreason_trl.scripts import eval as eval_command
from funreason_trl.scripts.cli import main
from tests.evaluation.bfcl.files import write_package


PROBLEM = {
    "task_id": "HumanEval/0",
    "prompt": 'def one():\n    """One."""\n',
    "entry_point": "one",
    "canonical_solution": "    return 1\n",
    "test": "def check(candidate):\n    assert candidate() == 1\n",
}


@pytest.fixture
def evaluate(model_folder, tmp_path):
    write_package(tmp_path / "package")
    with gzip.open(tmp_path / "HumanEval.jsonl.gz", "wt") as file:
        file.write(json.dumps(PROBLEM) + "\n")

    def run(*arguments: str) -> dict:
        fixed = ["--model", str(model_folder), "--output", str(tmp_path / "out"), "--max_new_tokens", "6"]
        fixed += ["--bfcl_data", str(tmp_path / "package"), "--categories", "multiple", "irrelevance"]
        main(["eval", *fixed, "--humaneval_data", str(tmp_path / "HumanEval.jsonl.gz"), *arguments])
        return json.loads((tmp_path / "out" / "scores.json").read_text())

    return run


def test_everything_is_written(evaluate, tmp_path, model_folder, capsys):
    record = evaluate("--benchmarks", "bfcl", "humaneval")
    (scores,) = record["scores"].values()
    assert list(scores) == ["multiple", "irrelevance", "humaneval"]
    assert scores["multiple"]["count"] == 2 and scores["humaneval"]["pass_at"] == {"1": 0.0}
    (verdicts,) = record["verdicts"].values()
    assert verdicts["multiple"] == {"multiple_0": False, "multiple_1": False}
    assert verdicts["humaneval"] == {"HumanEval/0": False}
    assert record["settings"]["prompt"] == "python" and "transformers" in record["versions"]
    written = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.json*")}
    name = str(model_folder).strip("/").replace("/", "_")
    assert written == {
        "scores.json",
        f"answers/{name}/bfcl-python.jsonl",
        f"answers/{name}/humaneval.jsonl",
        f"result/{name}/non_live/BFCL_v4_multiple_result.json",
        f"result/{name}/non_live/BFCL_v4_irrelevance_result.json",
    }
    assert "Scores" in capsys.readouterr().out
    where = ["--results", str(tmp_path / "out" / "result"), "--data", str(tmp_path / "package")]
    main(["score", *where, "--output", str(tmp_path / "again.json")])
    again = json.loads((tmp_path / "again.json").read_text())
    assert again["verdicts"] == {category: verdicts[category] for category in ("multiple", "irrelevance")}


def test_the_official_prompt(evaluate, tmp_path):
    assert evaluate("--prompt", "official", "--limit", "1")["settings"]["prompt"] == "official"
    assert "prompt style `official`" in (tmp_path / "out" / "table.md").read_text()


def test_a_run_goes_on_where_it_stopped(evaluate, tmp_path):
    evaluate("--limit", "1")
    (answers,) = (tmp_path / "out" / "answers").rglob("*.jsonl")
    first = answers.read_text()
    evaluate()
    assert answers.read_text().startswith(first)
    assert len(answers.read_text().splitlines()) == len(first.splitlines()) + 1


def test_the_base_model_is_compared_row_by_row(evaluate, model_folder, tmp_path):
    (tmp_path / "base").symlink_to(model_folder)
    record = evaluate("--base", str(tmp_path / "base"))
    assert len(record["scores"]) == 2
    assert record["differences"]["multiple"] == {"difference": 0.0, "low": 0.0, "high": 0.0, "count": 2}
    table = (tmp_path / "out" / "table.md").read_text()
    assert "against" in table and "| multiple | +0.0 | +0.0 to +0.0 | 2 |" in table


def test_one_model_is_gone_before_the_next_one_comes(evaluate, model_folder, tmp_path, monkeypatch):
    (tmp_path / "base").symlink_to(model_folder)
    made, make = [], eval_command.make_generator

    def make_and_look_back(*arguments):
        gc.collect()
        assert [generator() for generator in made] == [None] * len(made)
        generator = make(*arguments)
        made.append(weakref.ref(generator))
        return generator

    monkeypatch.setattr(eval_command, "make_generator", make_and_look_back)
    evaluate("--base", str(tmp_path / "base"))
    assert len(made) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--benchmarks", "mmlu"], "`benchmarks` has 'mmlu'; choose from bfcl, humaneval, mbpp"),
        (["--samples", "2"], "samples=2 with temperature=0.0 would all be the same"),
        (["--limit", "0"], "`limit` is 0; set it to 1 or more"),
        (["--prompt", "native"], "the chat template of this tokenizer leaves out tools"),
        (["--backend", "endpoint"], "`base_url` None; an endpoint needs both"),
        (["--categories", "simple"], "`categories` has 'simple'; choose from simple_python"),
        (["--bfcl_data", "nothing.whl"], "nothing.whl: no such wheel or folder"),
        (["--benchmarks", "humaneval", "--humaneval_data", "nothing.jsonl"], "nothing.jsonl: no such file"),
    ],
)
def test_what_cannot_be_run_is_named(evaluate, arguments, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        evaluate(*arguments)
    assert words in f"{stopped.value} {capsys.readouterr().err}"
