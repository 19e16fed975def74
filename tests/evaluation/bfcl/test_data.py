"""Questions are read from wheels and folders of any version, and what is missing or broken is named."""

import json
import shutil
import sys

import pytest

from funreason_trl.evaluation.bfcl.data import BfclDataError, load_bfcl
from funreason_trl.evaluation.bfcl.rows import CATEGORIES
from tests.evaluation.bfcl.files import DISTANCE, DISTANCE_ANSWER, question, write_data, write_lines, write_package


READ = ["multiple", "irrelevance"]


@pytest.fixture
def package(tmp_path):
    return write_package(tmp_path / "source")


@pytest.fixture
def wheel(package, tmp_path):
    return shutil.move(
        shutil.make_archive(tmp_path / "bfcl", "zip", package), tmp_path / "bfcl_eval-1-py3-none-any.whl"
    )


def test_rows_are_read_with_their_answers_matched_by_id(package):
    first, second, silent = load_bfcl(package, READ)
    assert (first.id, first.category, first.functions) == ("multiple_0", "multiple", [DISTANCE])
    assert second.messages == [{"role": "user", "content": "And back?"}]
    assert first.possible_answers == second.possible_answers == [DISTANCE_ANSWER]
    assert (silent.id, silent.possible_answers) == ("irrelevance_0", [])


@pytest.mark.parametrize("inside", ["", "bfcl_eval", "bfcl_eval/data"])
def test_every_level_of_a_folder_will_do(package, inside):
    assert load_bfcl(package / inside, READ) == load_bfcl(package, READ)


def test_a_wheel_reads_like_its_folder(package, wheel):
    assert load_bfcl(wheel, READ) == load_bfcl(package, READ)


def test_an_installed_package_is_found_and_not_run(package, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(package), *sys.path])
    assert load_bfcl(None, READ) == load_bfcl(package, READ)
    assert not (tmp_path / "executed").exists()
    assert "bfcl_eval" not in sys.modules


def test_older_files_have_the_older_names(tmp_path):
    folder = write_data(tmp_path, prefix="BFCL_v3_")
    write_lines(folder / "BFCL_v3_java.json", [question("java_0")])
    write_lines(
        folder / "possible_answer" / "BFCL_v3_java.json", [{"id": "other_0", "ground_truth": [DISTANCE_ANSWER]}]
    )
    (row,) = load_bfcl(folder, ["simple_java"])
    assert (row.id, row.category, row.language) == ("java_0", "simple_java", "java")
    assert row.possible_answers == [DISTANCE_ANSWER]  # by place, as the ids are others


def test_unicode_line_ends_inside_a_string_end_no_row(tmp_path):
    folder = write_data(tmp_path)
    line = json.dumps(question("irrelevance_0", "one\u2028two"), ensure_ascii=False)
    (folder / "BFCL_v4_irrelevance.json").write_text(line + "\n\n", encoding="utf-8")
    assert load_bfcl(folder, ["irrelevance"])[0].messages[0]["content"] == "one\u2028two"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", r"BFCL_v4_irrelevance.json:1: not JSON"),
        ("[]", "is no object"),
        ('{"id": "a_0", "question": [[], []], "function": []}', "irrelevance.json:1: no single-turn question"),
        ('{"id": 3, "question": [[]], "function": []}', "no single-turn question"),
    ],
)
def test_a_line_that_is_no_question_is_named(tmp_path, line, words):
    folder = write_data(tmp_path)
    (folder / "BFCL_v4_irrelevance.json").write_text(line)
    with pytest.raises(BfclDataError, match=words):
        load_bfcl(folder, ["irrelevance"])


def test_what_is_missing_is_named(tmp_path, package):
    with pytest.raises(BfclDataError, match=r"no questions of 'live_simple' .BFCL_v4_live_simple.json"):
        load_bfcl(package, ["live_simple"])
    with pytest.raises(BfclDataError, match="there is no category 'simple'; the single-turn categories are simple_py"):
        load_bfcl(package, ["simple"])
    (package / "bfcl_eval/data/possible_answer/BFCL_v4_multiple.json").unlink()
    with pytest.raises(BfclDataError, match=r"possible_answer/BFCL_v4_multiple.json is missing"):
        load_bfcl(package, ["multiple"])
    with pytest.raises(BfclDataError, match="no such wheel or folder"):
        load_bfcl(tmp_path / "nothing")
    with pytest.raises(BfclDataError, match="no such wheel or folder"):
        load_bfcl("bfcl/eval.whl")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BfclDataError, match="no files of BFCL in it"):
        load_bfcl(tmp_path / "empty")
    (tmp_path / "torn.whl").write_text("no zip")
    with pytest.raises(BfclDataError, match=r"torn.whl: not a readable wheel"):
        load_bfcl(tmp_path / "torn.whl")


def test_an_answer_file_of_another_version_is_refused(tmp_path):
    folder = write_data(tmp_path)
    answers = folder / "possible_answer" / "BFCL_v4_multiple.json"
    write_lines(answers, [{"id": "simple_0", "ground_truth": [DISTANCE_ANSWER]}])
    with pytest.raises(BfclDataError, match="1 answers to the 2 questions"):
        load_bfcl(folder, ["multiple"])
    write_lines(answers, [{"id": f"multiple_{number}", "ground_truth": "f()"} for number in range(2)])
    with pytest.raises(BfclDataError, match="is no list of calls"):
        load_bfcl(folder, ["multiple"])


def test_the_real_files_hold_what_the_field_counts(bfcl_source):
    rows = load_bfcl(bfcl_source)
    assert len(rows) == 3641
    assert list(dict.fromkeys(row.category for row in rows)) == list(CATEGORIES)
    assert sum(bool(row.possible_answers) for row in rows) == 2501
