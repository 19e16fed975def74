"""Pins which models are compared with which, and the answers that changed."""

import json
import re

import pytest

from funreason_trl.report import ReportError
from funreason_trl.report.reading import read_run
from funreason_trl.report.scores import SHOWN, answer_lengths, compare_models, read_models
from tests.evaluation.bfcl.files import write_package

from .files import quickstart_answer, write_eval, write_json, write_quickstart, write_state


RIGHT, WRONG = "[geo.distance(start='Oslo', end='Bergen')]", "[geo.distance(start='Oslo', end='Paris')]"


@pytest.fixture
def run(tmp_path):
    write_state(tmp_path / "run", 3)
    return read_run(tmp_path / "run", "run")


def verdicts(*right: bool, category: str = "multiple") -> dict[str, dict[str, bool]]:
    return {category: {f"{category}_{place}": value for place, value in enumerate(right)}}


def test_base_and_run_of_the_evaluation_in_the_runs_own_folder(run):
    both = {str(run.folder): verdicts(True, True, False, False), "org/base": verdicts(True, False, True, False)}
    texts = {name: {f"multiple_{place}": RIGHT for place in range(4)} for name in both}
    write_eval(run.folder / "eval", both, texts, base="org/base")
    models = read_models([run], [])
    assert [(model.name, model.role) for model in models] == [("org/base", "base"), ("run", "run")]
    (comparison,) = compare_models(models)
    assert (comparison.common, comparison.gained, comparison.lost) == (4, 1, 1)
    assert comparison.differences["multiple"].value == 0
    (gained,), (lost,) = comparison.gained_answers, comparison.lost_answers
    assert (gained.id, lost.id) == ("multiple_1", "multiple_2")
    assert gained.before.reasoning == "thought of multiple_1"
    assert [lengths.label for lengths in answer_lengths(models)] == ["org/base", "run"]


def test_plain_sft_is_known_by_its_record(run, tmp_path):
    write_json(tmp_path / "sft" / "funreason_run.json", {"version": 1, "loss": {"balance": "token"}})
    write_eval(tmp_path / "one", {str(run.folder): verdicts(True), "base": verdicts(False)}, base="base")
    write_eval(tmp_path / "two", {str(tmp_path / "sft"): verdicts(True)})
    models = read_models([run], [tmp_path / "one", tmp_path / "two"])
    assert [(model.name, model.role) for model in models] == [("base", "base"), ("sft", "SFT"), ("run", "run")]
    assert [one.before.name for one in compare_models(models)] == ["base", "base"]


def test_without_a_base_model_others_are_compared_with_the_first(run, tmp_path):
    write_eval(tmp_path / "one", {"first": verdicts(True, False)})
    write_eval(tmp_path / "two", {"second": verdicts(False, True)})
    (comparison,) = compare_models(read_models([run], [tmp_path / "one", tmp_path / "two"]))
    assert (comparison.before.name, comparison.after.name) == ("first", "second")
    assert comparison.gained == comparison.lost == 1
    assert comparison.gained_answers == []  # only the scores were kept


def test_models_without_common_rows_are_not_compared(run, tmp_path):
    write_eval(tmp_path / "one", {"first": verdicts(True)})
    write_eval(tmp_path / "two", {"second": verdicts(True, category="parallel")})
    assert list(compare_models(read_models([run], [tmp_path / "one", tmp_path / "two"]))) == []


def test_benchmarks_that_were_run_one_by_one_are_one_model(run, tmp_path):
    write_eval(tmp_path / "one", {"model": verdicts(True)})
    write_eval(tmp_path / "two", {"model": verdicts(True, category="humaneval")})
    (model,) = read_models([run], [tmp_path / "one", tmp_path / "two"])
    assert set(model.scores) == set(model.verdicts) == {"multiple", "humaneval"}


def test_two_evaluations_of_one_model_are_told_apart(run, tmp_path):
    write_eval(tmp_path / "one", {"model": verdicts(True)})
    write_eval(tmp_path / "two", {"model": verdicts(False)}, prompt="native")
    models = read_models([run], [tmp_path / "one", tmp_path / "two"])
    assert [model.name for model in models] == ["model, one", "model, two"]
    (comparison,) = compare_models(models)
    assert comparison.differing == ["prompt"]


def test_base_models_of_two_runs_are_called_by_their_runs(tmp_path):
    runs = []
    for name in ("one", "two"):
        write_state(tmp_path / name, 3)
        runs.append(read_run(tmp_path / name, name))
        both = {str(tmp_path / name): verdicts(True), "smollm2": verdicts(False)}
        write_eval(tmp_path / name / "eval", both, base="smollm2")
    skills = {str(tmp_path / "two"): verdicts(True, category="humaneval"), "smollm2": verdicts(True, category="mbpp")}
    write_eval(tmp_path / "two" / "skills", skills, base="smollm2")
    models = read_models(runs, [])
    assert [model.name for model in models] == ["smollm2, one", "smollm2, two", "one", "two"]
    assert [set(model.scores) for model in models[:2]] == [{"multiple"}, {"multiple", "mbpp"}]
    assert [model.asked for model in models] == ["one/eval", "two/eval", "one/eval", "two/eval"]
    assert [one.before.name for one in compare_models(models)] == ["smollm2, one", "smollm2, two"]


def test_models_of_one_name_in_one_evaluation_get_numbers(run, tmp_path):
    write_eval(tmp_path / "one", {"/a/m": verdicts(True), "/b/m": verdicts(False)})
    assert [model.name for model in read_models([run], [tmp_path / "one"])] == ["m, 1", "m, 2"]


def test_evaluations_in_folders_of_one_name_are_told_apart(run, tmp_path):
    for parent in ("a", "b"):
        write_eval(tmp_path / parent / "eval", {"model": verdicts(True)})
    models = read_models([run], [tmp_path / "a" / "eval", tmp_path / "b" / "eval"])
    assert [model.name for model in models] == ["model, a/eval", "model, b/eval"]


def test_an_evaluation_that_is_given_twice_is_read_once(run, tmp_path):
    write_eval(tmp_path / "one", {"model": verdicts(True)})
    assert len(read_models([run], [tmp_path / "one", tmp_path / "one" / "scores.json"])) == 1


def test_what_is_shown_is_of_all_categories(run, tmp_path):
    many, one = verdicts(*[True] * 30), verdicts(True, category="parallel")
    none = {name: dict.fromkeys(rows, False) for name, rows in (many | one).items()}
    texts = {id: RIGHT for rows in none.values() for id in rows}
    write_eval(tmp_path / "one", {"m": many | one, "base": none}, {"m": texts, "base": texts}, base="base")
    (comparison,) = compare_models(read_models([run], [tmp_path / "one"]))
    assert comparison.gained == 31 and len(comparison.gained_answers) == SHOWN
    assert "parallel" in {change.category for change in comparison.gained_answers}


def test_aggregates_of_a_part_of_the_benchmark_are_compared_only_where_its_sizes_are_known(run, tmp_path):
    names = ("live_simple", "live_multiple", "live_parallel", "live_parallel_multiple")
    rows = {name: {f"{name}_0": True} for name in names}
    write_eval(tmp_path / "one", {"m": rows}, limit=1)
    write_eval(tmp_path / "two", {"other": rows}, limit=1)
    (comparison,) = compare_models(read_models([run], [tmp_path / "one", tmp_path / "two"]))
    assert set(comparison.differences) == set(names)
    write_eval(tmp_path / "one", {"m": rows})
    write_eval(tmp_path / "two", {"other": rows})
    (comparison,) = compare_models(read_models([run], [tmp_path / "one", tmp_path / "two"]))
    assert "live_ast" in comparison.differences


def test_questions_and_mistakes_where_the_benchmark_is_on_this_machine(run, tmp_path):
    write_package(tmp_path / "package")
    both = {"m": {"multiple": {"multiple_0": True}}, "base": {"multiple": {"multiple_0": False}}}
    texts = {"m": {"multiple_0": RIGHT}, "base": {"multiple_0": WRONG}}
    write_eval(tmp_path / "one", both, texts, base="base", bfcl_data=str(tmp_path / "package"))
    (comparison,) = compare_models(read_models([run], [tmp_path / "one"]))
    (change,) = comparison.gained_answers
    assert change.question.text == "How far is it?"
    assert change.question.gold == "[geo.distance(start='Oslo', end='Bergen')]"
    assert "Paris" in change.before.mistake and change.after.mistake == ""


def test_the_quickstart_is_compared_with_what_it_began_with(tmp_path):
    answers = [
        quickstart_answer("a", "no idea", "<think>Hm.</think>\n\n[weather(city='Oslo')]"),
        quickstart_answer("b", "no idea", "[weather(city='Oslo')]", right=False),
    ]
    run = read_run(write_quickstart(tmp_path / "quick", answers), "quick")
    (comparison,) = compare_models(read_models([run], []))
    assert (comparison.before.name, comparison.after.name) == ("smollm2", "quick")
    assert comparison.after.scores["held-out tools"].value == 0.5
    (change,) = comparison.gained_answers
    assert (change.after.reasoning, change.after.result) == ("Hm.", "[weather(city='Oslo')]")
    assert change.question.text == "Weather in Oslo?"


def test_plain_sft_of_the_quickstart(tmp_path):
    line = quickstart_answer("a", "no idea", "[weather(city='Oslo')]")
    line["after plain SFT"] = {"answer": "[weather(city='Rome')]", "right": False, "mistake": "Rome is not Oslo"}
    folder = write_quickstart(tmp_path / "quick", [line], **{"after plain SFT": {"calls_right": 0}})
    models = read_models([read_run(folder, "quick")], [])
    assert [(model.name, model.role) for model in models] == [
        ("smollm2", "base"),
        ("plain SFT", "SFT"),
        ("quick", "run"),
    ]
    assert models[1].answers()["held-out tools"]["a"].mistake == "Rome is not Oslo"
    assert [one.gained for one in compare_models(models)] == [0, 1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            {"verdicts": {}, "scores": {"multiple": {"accuracy": 1.0}}},
            "`scores.multiple.accuracy` is 1.0, where an object is expected; give a folder that `funreason eval",
        ),
        ({"verdicts": {}, "scores": {"m": {"multiple": {"accuracy": 1.0}}}}, "`scores.m.multiple.low` is missing"),
        ({"verdicts": {}, "scores": {"m": {"multiple": None}}}, "`scores.m.multiple` is missing"),
        ({"verdicts": {}, "scores": [1]}, r"`scores` is \[1\]"),
        ({"verdicts": {"m": {"multiple": {"a": 1}}}, "scores": {}}, "`verdicts.m.multiple.a` is 1, where true or"),
        ({"verdicts": {}, "scores": {}, "settings": {"base": ["b"]}}, "`settings.base`"),
        ({"verdicts": {}, "scores": {}, "differences": {"multiple": 1}}, "`differences.multiple` is 1"),
        ({"verdicts": {}, "scores": {}, "sizes": {"m": {"multiple": -1}}}, "`sizes.m.multiple` is -1"),
        ({"accuracy": 1}, "`scores` is missing"),
        ([], r"is \[\], where an object is expected"),
    ],
)
def test_a_file_that_is_no_scores_is_refused(run, tmp_path, content, words):
    path = write_json(tmp_path / "one" / "scores.json", content)
    with pytest.raises(ReportError, match=f"{re.escape(str(path))}.*{words}"):
        read_models([run], [tmp_path / "one"])


def test_settings_that_are_null_are_not_known(run, tmp_path):
    write_eval(tmp_path / "one", {"m": verdicts(True)}, base=None)
    path = tmp_path / "one" / "scores.json"
    write_json(path, json.loads(path.read_text()) | {"versions": None, "sizes": None, "differences": None})
    (model,) = read_models([run], [tmp_path / "one"])
    assert model.settings["versions"] == {} and model.sizes == {} and model.differences == {}


@pytest.mark.parametrize("name", ["~nobody-of-this-name/m", "a\0b", "x" * 5000])
def test_any_text_can_be_the_name_of_a_model(run, tmp_path, name):
    write_eval(tmp_path / "one", {name: verdicts(True)})
    (model,) = read_models([run], [tmp_path / "one"])
    assert model.name == name and model.answers() == {}


@pytest.mark.parametrize(("right", "rows"), [(1, 0), (5, 1)])
def test_a_quickstart_with_more_right_than_asked_is_refused(tmp_path, right, rows):
    folder = write_quickstart(tmp_path / "quick", [], rows=rows, before={"calls_right": right})
    with pytest.raises(ReportError, match=f"results.json: `before.calls_right` of `rows` is {right} of {rows}"):
        read_models([read_run(folder, "quick")], [])


def test_answers_of_another_shape_are_refused_by_line(tmp_path):
    answers = [quickstart_answer("a", "no", "yes"), quickstart_answer("b", "no", "yes")]
    answers[1]["before"]["answer"] = 3
    run = read_run(write_quickstart(tmp_path / "quick", answers), "quick")
    with pytest.raises(ReportError, match=r"answers\.jsonl:2: `before.answer` is 3, where a text is expected"):
        read_models([run], [])


def test_a_folder_without_scores_is_refused(run, tmp_path):
    with pytest.raises(ReportError, match=r"is not there; give a folder that `funreason eval"):
        read_models([run], [tmp_path])


def test_broken_answers_are_refused_by_name(run, tmp_path):
    write_eval(tmp_path / "one", {"m": verdicts(True)}, {"m": {"multiple_0": RIGHT}})
    path = next((tmp_path / "one").rglob("*_result.json"))
    path.write_text("{")
    with pytest.raises(ReportError, match=re.escape(path.name)):
        list(answer_lengths(read_models([run], [tmp_path / "one"])))
