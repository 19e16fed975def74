"""`funreason score`: other people's result files become verdicts and scores."""

import json
import resource

import pytest

from funreason_trl.evaluation.bfcl.results import BfclResult, write_results
from funreason_trl.scripts.cli import main
from tests.evaluation.bfcl.files import write_data


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "result" / "a_model"
    right = BfclResult("multiple_0", "[geo.distance(start='Oslo', end='bergen')]")
    write_results(folder, "multiple", [right, BfclResult("multiple_1", "I don't know.")])
    write_results(folder, "irrelevance", [BfclResult("irrelevance_0", "La la.")])
    return folder


def score(results, data, output, *more):
    main(
        [
            "score",
            "--benchmark",
            "bfcl",
            "--results",
            str(results),
            "--data",
            str(data),
            "--output",
            str(output),
            *more,
        ]
    )


def test_verdicts_and_scores(results, tmp_path, capsys):
    output = tmp_path / "new" / "scores.json"
    score(results, write_data(tmp_path / "data"), output)
    written = json.loads(output.read_text())
    assert written["verdicts"] == {
        "multiple": {"multiple_0": True, "multiple_1": False},
        "irrelevance": {"irrelevance_0": True},
    }
    assert written["scores"]["multiple"] == {
        "accuracy": 0.5,
        "count": 2,
        "low": pytest.approx(0.0945, abs=1e-4),
        "high": pytest.approx(0.9055, abs=1e-4),
    }
    printed = capsys.readouterr().out
    assert "multiple" in printed and "50.00%" in printed


def test_what_cannot_be_scored_is_named(results, tmp_path):
    data = write_data(tmp_path / "data")
    with pytest.raises(SystemExit, match="no result files"):
        score(tmp_path / "nothing", data, tmp_path / "scores.json")
    with pytest.raises(SystemExit, match="no such wheel or folder"):
        score(results, tmp_path / "nothing", tmp_path / "scores.json")
    write_results(results, "irrelevance", [BfclResult("irrelevance_7", "")])
    with pytest.raises(SystemExit, match="no question has the id 'irrelevance_7'"):
        score(results, data, tmp_path / "scores.json")
    assert not (tmp_path / "scores.json").exists()


@pytest.fixture
def small_files():
    """Files may not grow over 200 bytes, which the kernel refuses as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_ends_with_one_line_and_the_path(results, tmp_path, request):
    data = write_data(tmp_path / "data")
    request.getfixturevalue("small_files")
    with pytest.raises(SystemExit, match=f"funreason score: can't write {tmp_path / 'out'}.*: the disk is full"):
        score(results, data, tmp_path / "out" / "scores.json")


def test_a_file_in_the_place_of_the_folder_ends_with_one_line_and_the_path(results, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match=f"funreason score: {tmp_path / 'file'}: Not a directory"):
        score(results, tmp_path / "data", tmp_path / "file" / "scores.json")
