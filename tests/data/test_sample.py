"""The embedded sample: are its rows deterministic, valid, and is the reasoning true of its calls?"""

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from itertools import islice
from time import process_time

import jsonschema
import pytest

from funreason_trl.data.sample import sample_rows
from funreason_trl.data.sample.requests import SLOT
from funreason_trl.data.sample.spec import tool_schema
from funreason_trl.data.sample.tools import CLASHES, CONTEXT, TOOLS


COUNT = 2000
SPLITS = ("train", "heldout")
PINNED = {
    "train": "5cb9a7359701eefe60abea66027784e555466c05246448d906898246e0344f5d",
    "heldout": "260e254c16b3afd53bd1f42cbe9b08e82f652c6d4961e337a8c0a6cba5788be4",
}


@pytest.fixture(scope="module", params=SPLITS)
def rows(request):
    return list(sample_rows(COUNT, split=request.param))


def query(row):
    return row["messages"][0]["content"]


def answer(row):
    return row["messages"][1]


def calls(row):
    return [call["function"] for call in answer(row).get("tool_calls", [])]


def listed(row):
    return {tool["function"]["name"]: tool["function"]["parameters"] for tool in row["tools"]}


def leaves(value):
    """The strings and numbers of an argument, however deep; a boolean is said in words."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [] if isinstance(value, bool) else [str(value)]


# ------------------------------------------------------------------------------------------------------------ the rows


@pytest.mark.parametrize("split", SPLITS)
def test_the_same_arguments_give_the_same_bytes(split):
    """A change of the tools or the wording changes what benchmarks measured: then, and only then, pin anew."""
    text = "".join(json.dumps(row) + "\n" for row in sample_rows(200, split=split))
    assert hashlib.sha256(text.encode()).hexdigest() == PINNED[split]


def test_a_shorter_sample_is_the_beginning_of_a_longer_one(rows):
    split = rows[0]["id"].split("-")[1]
    assert list(sample_rows(300, split=split)) == rows[:300]


def test_seeds_give_different_rows():
    first, second = (list(map(query, sample_rows(50, seed=seed))) for seed in (0, 1))
    assert len(set(first) & set(second)) < 5


def test_rows_share_no_object():
    first = next(sample_rows(1))
    first["tools"][0]["function"]["parameters"]["properties"].clear()
    assert next(sample_rows(1))["tools"][0]["function"]["parameters"]["properties"]


def test_a_row_has_the_canonical_form(rows):
    assert json.loads(json.dumps(rows)) == rows
    assert [row["id"].rsplit("-", 1)[1] for row in rows[:2]] == ["000000", "000001"]
    for row in rows:
        assert set(row) == {"messages", "tools", "id", "source", "kind", "domain"}
        assert row["source"] == "sample"
        assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
        assert not set("{}[]") & set(query(row) + answer(row)["content"])


def test_every_kind_occurs_in_its_share(rows):
    shares = {kind: count / COUNT for kind, count in Counter(row["kind"] for row in rows).items()}
    expected = {"single": 0.25, "multiple": 0.35, "parallel": 0.2, "no_call": 0.2}
    assert shares == pytest.approx(expected, abs=0.03)


def test_each_kind_is_what_its_name_says(rows):
    for row in rows:
        count, kind = len(calls(row)), row["kind"]
        assert 1 <= len(row["tools"]) <= 4
        if kind == "no_call":
            assert "tool_calls" not in answer(row) and answer(row)["content"].endswith((".", "?"))
            continue
        assert answer(row)["content"] == ""
        assert count >= 2 if kind == "parallel" else count == 1
        assert kind != "multiple" or len(row["tools"]) >= 2


def test_calls_satisfy_the_schema_of_a_listed_tool(rows):
    for row in rows:
        schemas = listed(row)
        for call in calls(row):
            schema = {**schemas[call["name"]], "additionalProperties": False}
            jsonschema.Draft202012Validator(schema).validate(call["arguments"])


def test_no_query_comes_twice(rows):
    assert len({query(row) for row in rows}) == COUNT


def test_lengths(rows):
    assert all(8 <= len(query(row)) <= 220 for row in rows)
    assert all(120 <= len(answer(row)["reasoning_content"]) <= 400 for row in rows)
    assert all(len(json.dumps(row["tools"], separators=(",", ":"))) <= 1200 for row in rows)


# ------------------------------------------------------------------------------------------------------- the reasoning


def test_the_reasoning_names_each_call_and_each_value(rows):
    for row in rows:
        thought = answer(row)["reasoning_content"]
        for call in calls(row):
            assert call["name"] in thought
            for name, value in call["arguments"].items():
                assert f"{name} is " in thought, row["id"]
                assert all(leaf in thought for leaf in leaves(value)), row["id"]


def test_the_reasoning_quotes_the_query(rows):
    for row in rows:
        quote = answer(row)["reasoning_content"].split('"')[1]
        assert len(quote) > 2 and quote in query(row), row["id"]


def test_the_reasoning_weighs_a_second_tool(rows):
    for row in rows:
        named = [name for name in listed(row) if name in answer(row)["reasoning_content"]]
        assert len(named) >= min(2, len(row["tools"])), row["id"]


def test_the_reasoning_says_what_it_leaves_out(rows):
    for row in rows:
        thought = answer(row)["reasoning_content"]
        for call in calls(row):
            for name in listed(row)[call["name"]]["properties"].keys() - call["arguments"]:
                assert re.search(rf"\b{name}\b[\w ]* not (mentioned|given)", thought), row["id"]


def test_the_reasoning_names_the_required_parameter_that_is_missing(rows):
    asked = [row for row in rows if answer(row)["content"].endswith("?")]
    assert len(asked) > COUNT / 20
    for row in asked:
        match = re.search(r"But (.+?) (?:is|are) required", answer(row)["reasoning_content"])
        assert match and any(
            set(match[1].split(" and ")) <= set(schema["required"]) for schema in listed(row).values()
        )


# ----------------------------------------------------------------------------------------------------------- the tools


def test_the_tools_are_many_and_their_splits_are_disjoint():
    train, heldout = ({tool.name for tool in TOOLS[split]} for split in SPLITS)
    assert len(train) == len(TOOLS["train"]) >= 60
    assert len(heldout) == len(TOOLS["heldout"]) >= 16
    assert not train & heldout
    assert len({tool.domain for tool in TOOLS["train"]}) >= 10
    assert {tool.domain for tool in TOOLS["heldout"]} - {tool.domain for tool in TOOLS["train"]}
    assert {name for pair in CLASHES for name in pair} <= train | heldout


def test_every_json_type_occurs():
    schemas = [param.schema for tools in TOOLS.values() for tool in tools for param in tool.params]
    assert {schema["type"] for schema in schemas} == {"string", "integer", "number", "boolean", "array", "object"}
    assert any("enum" in schema for schema in schemas)


@pytest.mark.parametrize("tool", [tool for tools in TOOLS.values() for tool in tools], ids=lambda tool: tool.name)
def test_a_tool_is_whole(tool):
    jsonschema.Draft202012Validator.check_schema(tool_schema(tool)["function"]["parameters"])
    required = {param.name for param in tool.params if param.required}
    slots = {template: {name for name, _ in SLOT.findall(template)} for template in (*tool.asks, *tool.pairs)}
    assert required and tool.domain in CONTEXT
    assert all(required <= names for names in slots.values())
    assert set().union(*slots.values()) == {param.name for param in tool.params}
    assert required - {name for name, _ in SLOT.findall(tool.missing.query)}
    assert all(template.count("[") == template.count("]") == 1 for template in (*slots, tool.missing.query))


# ----------------------------------------------------------------------------------------------------- wrong arguments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"count": -1}, "count=-1"),
        ({"count": 2.5}, "count=2.5"),
        ({"count": 1, "seed": "a"}, "seed='a'"),
        ({"count": 1, "split": "test"}, "split='test'.*'train', 'heldout'"),
    ],
)
def test_wrong_arguments_fail_at_the_call(arguments, words):
    with pytest.raises(ValueError, match=words):
        sample_rows(**arguments)


def test_the_sample_needs_neither_torch_nor_datasets():
    heavy = ("datasets", "pyarrow", "torch", "transformers", "trl")
    code = f"""
import sys
from funreason_trl.data.sample import sample_rows
next(sample_rows(1))
print([name for name in {heavy} if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_no_rows_is_a_number_of_rows():
    assert list(islice(sample_rows(0), 1)) == []


def test_2000_rows_take_seconds():
    started = process_time()
    assert len(list(sample_rows(COUNT))) == COUNT
    # Of the processor, and far above the second or two that it takes: a guard, not a measurement.
    assert process_time() - started < 60
