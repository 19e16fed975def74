"""Prompts in three styles; the official one is put together from the official files, which are read and never run."""

import json

import pytest

from funreason_trl.data.rendering import SYSTEM_PROMPT
from funreason_trl.evaluation.bfcl.data import BfclDataError, find_bfcl, load_bfcl
from funreason_trl.evaluation.bfcl.prompts import bfcl_prompts
from funreason_trl.evaluation.bfcl.rows import BfclRow
from tests.evaluation.bfcl.files import DISTANCE, write_data, write_package


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return find_bfcl(write_package(tmp_path / "source"))


@pytest.fixture
def row():
    return BfclRow("multiple_0", "multiple", [{"role": "user", "content": "How far?"}], [DISTANCE])


def with_types(category: str, **properties) -> BfclRow:
    properties = {name: {"description": "D.", **schema} for name, schema in properties.items()}
    function = {
        "name": "f",
        "description": "F.",
        "parameters": {"type": "dict", "properties": properties, "required": []},
    }
    return BfclRow(f"{category}_0", category, [{"role": "user", "content": "Do."}], [function])


def test_official_prompt_is_put_together_from_the_files(files, row, tmp_path):
    (prompt,) = bfcl_prompts([row], "official", files)
    functions = json.dumps([{**DISTANCE, "description": "Distance of two towns. Python here."}], indent=4)
    system = f"Be exact.Call.\n\nWrite [call(...)].  No more.\n\nGo on.\n\nIn json:\n{functions}\n"
    assert prompt.messages == [{"role": "system", "content": system}, {"role": "user", "content": "How far?"}]
    assert prompt.tools is None
    assert not (tmp_path / "executed").exists()


def test_official_notes_on_java_and_javascript(files):
    java = with_types("simple_java", a={"type": "any"}, b={"type": "Array", "items": {"type": "long"}})
    script = with_types(
        "simple_javascript", c={"type": "dict", "properties": {"k": {"type": "String"}}}, d={"type": "dict"}
    )
    texts = [prompt.messages[0]["content"] for prompt in bfcl_prompts([java, script], "official", files)]
    functions = [json.loads(text.split("In json:\n")[1])[0] for text in texts]
    assert functions[0]["description"] == "F. Java here."
    assert functions[0]["parameters"]["properties"] == {
        "a": {"description": "D. Any Java.", "type": "string"},
        "b": {"description": "D. A Java Array as text. Items are long; not text.", "type": "string"},
    }
    assert functions[1]["parameters"]["properties"] == {
        "c": {
            "description": 'D. A JavaScript dict as text. Fields are {"k": {"type": "String"}}',
            "type": "string",
        },
        "d": {"description": "D. A JavaScript dict as text.", "type": "string"},
    }
    assert java.functions[0]["parameters"]["properties"]["a"] == {"description": "D.", "type": "any"}  # left as it was


@pytest.mark.parametrize("style", ["python", "official"])
def test_system_text_of_the_rows_own_is_kept(files, row, style):
    own = [{"role": "system", "content": "Be brief."}, *row.messages]
    (prompt,) = bfcl_prompts([BfclRow("multiple_0", "multiple", own, [DISTANCE])], style, files)
    assert [message["role"] for message in prompt.messages] == ["system", "user"]
    assert "Be brief." in prompt.messages[0]["content"] and "geo.distance" in prompt.messages[0]["content"]


def test_our_wording_is_that_of_training(row):
    (prompt,) = bfcl_prompts([row], "python")
    assert prompt.messages[0]["content"].startswith(SYSTEM_PROMPT)
    assert prompt.messages[1:] == row.messages


def test_native_tools_are_named_without_dots(row):
    (prompt,) = bfcl_prompts([row], "native")
    assert prompt.messages == row.messages
    assert [tool["function"]["name"] for tool in prompt.tools] == ["geo_distance"]


def test_java_values_are_asked_for_as_source_text():
    java = with_types("simple_java", b={"type": "ArrayList", "items": {"type": "String"}})
    (prompt,) = bfcl_prompts([java], "native")
    schema = prompt.tools[0]["function"]["parameters"]["properties"]["b"]
    assert schema["type"] == "string"
    assert "Java source text of a value of type ArrayList of String" in schema["description"]


def test_what_cannot_be_had_is_refused(tmp_path, row):
    with pytest.raises(ValueError, match="style='json': use one of"):
        bfcl_prompts([row], "json")
    with pytest.raises(BfclDataError, match="data files alone do not hold it; give a wheel"):
        bfcl_prompts([row], "official", find_bfcl(write_data(tmp_path / "data")))
    package = write_package(tmp_path / "other")
    (package / "bfcl_eval/utils.py").write_text("def _get_language_specific_hint(): return ' One.'")
    with pytest.raises(BfclDataError, match=r"utils.py: the notes about languages are not where they were"):
        bfcl_prompts([row], "official", find_bfcl(package))
    (package / "bfcl_eval/constants/default_prompts.py").write_text("A = 1")
    with pytest.raises(BfclDataError, match=r"default_prompts.py: \['DEFAULT_SYSTEM_PROMPT_FORMAT'"):
        bfcl_prompts([row], "official", find_bfcl(package))


@pytest.mark.parametrize("style", ["python", "official", "native"])
def test_every_real_row_has_a_prompt(bfcl_source, style):
    rows = load_bfcl(bfcl_source)
    prompts = bfcl_prompts(rows, style, find_bfcl(bfcl_source))
    assert len(prompts) == len(rows)
    assert all(prompt.messages[-1]["role"] == "user" for prompt in prompts)
