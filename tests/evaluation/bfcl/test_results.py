"""Results in the official layout: written, read back, and taken apart from reasoning."""

import json

import pytest

from funreason_trl.evaluation.bfcl.data import BfclDataError
from funreason_trl.evaluation.bfcl.results import BfclResult, read_results, result_of, write_results


def test_results_are_read_back_as_they_were_written(tmp_path):
    written = [
        BfclResult("multiple_0", "[f(a='é\u2028')]", "First, a.\nThen b."),
        BfclResult("multiple_1", [{"f": '{"a": 1}'}]),
    ]
    path = write_results(tmp_path / "result" / "model", "multiple", written)
    assert path == tmp_path / "result" / "model" / "non_live" / "BFCL_v4_multiple_result.json"
    write_results(tmp_path / "result" / "model", "live_simple", [])
    read = read_results(tmp_path / "result")
    assert list(read) == ["multiple", "live_simple"]
    assert list(read["multiple"].values()) == written
    assert read["live_simple"] == {}
    assert (tmp_path / "result/model/live/BFCL_v4_live_simple_result.json").is_file()
    assert sorted(json.loads(path.read_text("utf-8").split("\n")[0])) == ["id", "reasoning_content", "result"]


@pytest.mark.parametrize(
    ("text", "result", "reasoning"),
    [
        ("[f()]", "[f()]", ""),
        ("<think>Say </think> twice.</think>\n\n[f()]", "[f()]", "Say </think> twice."),
        ("no start tag</think>[f()]", "[f()]", "no start tag"),
        ("<think>for ever [f()]", "", "for ever [f()]"),
        ("", "", ""),
    ],
)
def test_reasoning_ends_with_the_last_end_tag(text, result, reasoning):
    assert result_of("a", text) == BfclResult("a", result, reasoning)


def test_native_calls_are_kept_as_the_official_files_have_them():
    text = '<think>x</think><tool_call>{"name": "f_g", "arguments": {"a": "é"}}</tool_call>'
    assert result_of("a", text, native=True) == BfclResult("a", [{"f_g": r'{"a": "\u00e9"}'}], "x")
    assert result_of("a", "Sorry, no.", native=True) == BfclResult("a", "Sorry, no.")


def test_half_a_surrogate_pair_of_a_native_call_is_kept(tmp_path):
    result = result_of("a", '<tool_call>{"name": "f", "arguments": {"a": "\\ud83d"}}</tool_call>', native=True)
    write_results(tmp_path, "multiple", [result])
    assert read_results(tmp_path)["multiple"] == {"a": result}
    assert json.loads(result.result[0]["f"]) == {"a": "\ud83d"}


def test_older_and_other_files(tmp_path):
    (tmp_path / "BFCL_v3_simple_result.json").write_text('{"id": "simple_0", "result": "[f()]", "latency": 1.5}\n')
    (tmp_path / "BFCL_v4_multi_turn_base_result.json").write_text("not ours")
    assert read_results(tmp_path) == {"simple_python": {"simple_0": BfclResult("simple_0", "[f()]")}}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "result.json:2: not JSON"),
        ('{"id": "a"}', 'has no "id" and "result"'),
        ("[]", 'has no "id" and "result"'),
        ('{"id": "a", "result": 3}', 'has no "id" and "result"'),
    ],
)
def test_a_line_that_is_no_result_is_named(tmp_path, line, words):
    (tmp_path / "BFCL_v4_multiple_result.json").write_text('{"id": "b", "result": ""}\n' + line)
    with pytest.raises(BfclDataError, match=words):
        read_results(tmp_path)


def test_no_results_and_two_models_are_refused(tmp_path):
    with pytest.raises(BfclDataError, match="no result files"):
        read_results(tmp_path / "nothing")
    for model in ("one", "two"):
        write_results(tmp_path / model, "multiple", [])
    with pytest.raises(BfclDataError, match="both hold results of 'multiple'; give the folder of one model"):
        read_results(tmp_path)
