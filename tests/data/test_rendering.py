"""What TRL trains on: the python form and its way back, the native form, and whole datasets of either."""

import json
from pathlib import Path

import pytest
import trl
from trl import SFTConfig, SFTTrainer
from trl.chat_template_utils import qwen2_5_chat_template, qwen3_chat_template

from funreason_trl.calls import Call
from funreason_trl.data.rendering import (
    Answer,
    check_native,
    check_python,
    prompt_messages,
    python_system_prompt,
    read_answer,
    render_dataset,
    render_native,
    render_python,
)
from funreason_trl.data.rows import RowError, assistant_message, message_calls, to_dataset
from funreason_trl.data.sources import load_rows, read_rows


TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]
OSLO, ROME = Call("get_weather", {"city": "Oslo"}), Call("get_weather", {"city": "Rome"})


def user(text: str) -> dict:
    return {"role": "user", "content": text}


def tool(text: str, **keys) -> dict:
    return {"role": "tool", "content": text, **keys}


def make_row(*messages: dict, tools: list = TOOLS) -> dict:
    return {"messages": list(messages), "tools": tools, "id": "7", "source": "train.jsonl"}


SINGLE = make_row(user("Weather in Oslo?"), assistant_message("Oslo is a city.", [OSLO], ""))
MULTI = make_row(
    {"role": "system", "content": "Be brief."},
    user("Oslo and Rome?"),
    assistant_message("Two cities.", [OSLO, ROME], ""),
    tool('{"sky": "rain"}', name="get_weather"),
    tool('{"sky": "sun"}'),
    assistant_message("Rain, sun.", [], "Rain in Oslo, sun in Rome."),
    user("Book a flight."),
    assistant_message("No tool books.", [], "I can't book flights."),
)


def completions(row: dict) -> list[str]:
    return [example["completion"][0]["content"] for example in render_python(row)]


# --------------------------------------------------------------------------------------------------------- python form


def test_single_turn_in_full():
    (example,) = render_python(SINGLE)
    assert example == {
        "prompt": [{"role": "system", "content": python_system_prompt(TOOLS)}, user("Weather in Oslo?")],
        "completion": [
            {"role": "assistant", "content": "<think>Oslo is a city.</think>\n\n[get_weather(city='Oslo')]"}
        ],
    }


def test_multi_turn_gives_one_example_per_assistant_turn():
    system = {"role": "system", "content": "Be brief.\n\n" + python_system_prompt(TOOLS)}
    first = [system, user("Oslo and Rome?")]
    calls = {"role": "assistant", "content": "[get_weather(city='Oslo'), get_weather(city='Rome')]"}
    results = user(
        '<tool_result name="get_weather">\n{"sky": "rain"}\n</tool_result>\n'
        '<tool_result>\n{"sky": "sun"}\n</tool_result>'
    )
    words = {"role": "assistant", "content": "Rain in Oslo, sun in Rome."}
    examples = render_python(MULTI)
    assert [example["prompt"] for example in examples] == [
        first,
        [*first, calls, results],
        [*first, calls, results, words, user("Book a flight.")],
    ]
    assert completions(MULTI) == [
        "<think>Two cities.</think>\n\n" + calls["content"],
        "<think>Rain, sun.</think>\n\nRain in Oslo, sun in Rome.",
        "<think>No tool books.</think>\n\nI can't book flights.",
    ]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (assistant_message(None, [OSLO], ""), "[get_weather(city='Oslo')]"),
        (assistant_message(None, [], "Hello."), "Hello."),
        (assistant_message("Why.", [OSLO], "Let me look."), "<think>Why.</think>\n\n[get_weather(city='Oslo')]"),
        (
            assistant_message("\n A </think> b. \n", [OSLO], ""),
            "<think>A </think> b.</think>\n\n[get_weather(city='Oslo')]",
        ),
    ],
)
def test_completion(message, expected):
    assert completions(make_row(user("Hi"), message)) == [expected]


def test_prompt_of_training_is_the_prompt_of_evaluation():
    for row in (SINGLE, MULTI):
        prompt = prompt_messages(row["messages"], row["tools"])
        assert prompt == render_python(row)[-1]["prompt"]
        assert prompt == prompt_messages(row["messages"][:-1], row["tools"])


def test_rendering_leaves_the_row_alone():
    before = json.dumps(MULTI)
    render_python(MULTI)
    assert json.dumps(MULTI) == before


def test_rows_without_tools_get_no_system_prompt():
    assert python_system_prompt([]) == ""
    row = make_row(user("Hi"), assistant_message(None, [], "Hello."), tools=[])
    assert render_python(row)[0]["prompt"] == [user("Hi")]


def test_system_prompt_is_short_and_lists_the_functions():
    prompt = python_system_prompt(TOOLS)
    instructions, functions = prompt.split("\nFunctions:\n")
    assert json.loads(functions) == [tool["function"] for tool in TOOLS]
    assert '": ' not in functions
    assert len(instructions.split()) < 90
    for part in ("<think>", "</think>", "[function_name(param=value", "in words"):
        assert part in instructions


def test_two_user_messages_in_a_row_become_one():
    row = make_row(user("Hi."), user("Weather?"), assistant_message(None, [], "Where?"), tools=[])
    assert render_python(row)[0]["prompt"] == [user("Hi.\nWeather?")]


@pytest.mark.parametrize("render", [render_python, render_native])
def test_row_without_assistant_turn(render):
    with pytest.raises(RowError, match=r"^row 7 of train.jsonl: messages: no assistant turn .* \['user'\]"):
        render(make_row(user("Hi")))


def test_function_name_without_python_form():
    row = make_row(user("Hi"), assistant_message(None, [Call("f(x)", {})], ""))
    with pytest.raises(RowError, match=r"^row 7 of train.jsonl: messages\[1\].tool_calls: .*f\(x\)"):
        render_python(row)
    assert render_native(row)[0]["messages"] == row["messages"]


# -------------------------------------------------------------------------------------------------------- the way back


@pytest.mark.parametrize(
    "calls",
    [
        [OSLO],
        [OSLO, ROME],
        [Call("Daily Match List-Scheduled", {"from": None, "7q": [1, -1.9502, {"k": True}], "x": 8.854e-12})],
        [Call("a.b.c", {})],
        [Call("f", {"a": "</think>", "b": "\\</think>", "<think>": "<think>x</think>", "</think>": 1})],
        [Call("f", {"a": "'\"\n\\ 天気😀\u2028", "b": "[g()]"})],
    ],
)
@pytest.mark.parametrize("reasoning", [None, "Why.", "It said </think> and [f()]."])
def test_calls_read_back(calls, reasoning):
    (text,) = completions(make_row(user("Hi"), assistant_message(reasoning, calls, "")))
    assert read_answer(text) == Answer(reasoning, calls, "")


def test_calls_that_quote_tags_hold_none():
    calls = [Call("search", {"q": "the <think> tag", "</think>": ["<think>", {"<think>": "</think>"}]})]
    (text,) = completions(make_row(user("Hi"), assistant_message(None, calls, "")))
    assert "<think>" not in text and "</think>" not in text
    assert read_answer(text) == Answer(None, calls, "")


def test_words_that_mention_the_start_tag_stay_words():
    (text,) = completions(make_row(user("Hi"), assistant_message(None, [], "The tag <think> opens a thought.")))
    assert read_answer(text) == Answer(None, None, text)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>Why.</think>\n\nI can't.", Answer("Why.", None, "I can't.")),
        ("I can't.", Answer(None, None, "I can't.")),
        (
            "<think>never closed [get_weather(city='Oslo')]",
            Answer("never closed [get_weather(city='Oslo')]", None, ""),
        ),
        ("<think>Why.</think>[get_weather(city=", Answer("Why.", None, "[get_weather(city=")),
        ("Why.</think>[get_weather(city='Oslo')]", Answer("Why.", [OSLO], "")),
        ("", Answer(None, None, "")),
    ],
)
def test_read_answer(text, answer):
    assert read_answer(text) == answer


def test_read_answer_of_a_million_characters():
    assert read_answer("<think>" + "a" * 1_000_000 + "</think>[f()]").calls == [Call("f", {})]
    assert read_answer("[" * 1_000_000).calls is None


def trl_template(name: str) -> str:
    return (Path(trl.__file__).parent / "chat_templates" / f"{name}.jinja").read_text(encoding="utf-8")


@pytest.mark.parametrize("reasoning", [True, False])
@pytest.mark.parametrize("name", ["qwen2_5", "qwen3", "qwen3_5_think", "glm4moe", "llama3_1", "gemma3"])
def test_check_python_allows_other_white_space(tokenizer_with, caplog, recwarn, name, reasoning):
    check_python(tokenizer_with(trl_template(name)), reasoning)
    assert not caplog.records
    # Other tests' garbage may warn of itself at any time.
    assert not [warning for warning in recwarn.list if warning.category is not ResourceWarning]


def test_check_python_takes_chatml(tokenizer):
    check_python(tokenizer)


@pytest.mark.parametrize("name", ["deepseek_r1_distill", "deepseekv3"])
def test_check_python_refuses_templates_that_cut_off_the_thought(tokenizer_with, name):
    tokenizer = tokenizer_with(trl_template(name))
    with pytest.raises(ValueError, match=r"cuts off the thought and writes .*\[f\(a='x'\)\].*; use a chat template"):
        check_python(tokenizer)
    check_python(tokenizer, reasoning=False)


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        (None, "no chat template"),
        (trl_template("gemma"), "refuses a system, .*System role not supported"),
        ("{% for m in messages if m.role != 'system' %}{{ m.content }}{% endfor %}", "leaves out the system message"),
        ("{% for m in messages %}{{ m.content.replace('[', '(') }}{% endfor %}", "changes the answer"),
        ("{% for m in messages %}{{ m.content.replace('</think>', '') }}{% endfor %}", "changes the answer"),
    ],
)
def test_check_python_refuses_templates_that_change_something(tokenizer_with, template, problem):
    with pytest.raises(ValueError, match=f"{problem}.*; use a chat template"):
        check_python(tokenizer_with(template))


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["cot_calls", "xlam_style", "reasoning_dialogues"])
def test_real_gold_answers_read_back(shared_data, name):
    unwritable = []
    for row in read_rows(shared_data / f"{name}.jsonl", on_error="count"):
        turns = [message for message in row["messages"] if message["role"] == "assistant"]
        try:
            texts = completions(row)
        except RowError:
            unwritable.append(row["id"])
            continue
        for text, turn in zip(texts, turns, strict=True):
            calls = message_calls(turn)
            expected = Answer(turn.get("reasoning_content"), calls or None, "" if calls else turn["content"])
            assert read_answer(text) == expected
    # they call "HireDate date")" and "Today's Current Affairs Quiz"
    assert unwritable == (["130", "184"] if name == "cot_calls" else [])


# --------------------------------------------------------------------------------------------------------- native form


def test_native_form_is_the_row_itself():
    assert render_native(MULTI) == [{"messages": MULTI["messages"], "tools": TOOLS}]


def test_check_native(tokenizer_with):
    check_native(tokenizer_with(qwen3_chat_template))
    check_native(tokenizer_with(qwen2_5_chat_template), reasoning=False)


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        (None, "no chat template"),
        ("{% for m in messages %}{{ m.content }}{% endfor %}", "leaves out calls or tool results"),
        (
            "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls %}{{ c.function | tojson }}{% endfor %}"
            "{% endfor %}",
            "ignores the list of tools",
        ),
        (qwen2_5_chat_template, "ignores reasoning_content"),
    ],
)
def test_check_native_refuses_templates_that_drop_something(tokenizer_with, template, problem):
    with pytest.raises(ValueError, match=f"{problem}; render with form='python'"):
        check_native(tokenizer_with(template))


@pytest.fixture
def tokenizer_with(tokenizer):
    own = tokenizer.chat_template

    def change(template):
        tokenizer.chat_template = template
        return tokenizer

    yield change
    tokenizer.chat_template = own


# ------------------------------------------------------------------------------------------------------------ datasets


EXACT = make_row(user("Hi"), assistant_message(None, [Call("f", {"a": 8.854e-12, "b": -1.9502, "c": None})], ""))
ROWS = [SINGLE, MULTI, EXACT]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(("form", "render"), [("python", render_python), ("native", render_native)])
def test_render_dataset(tmp_path, form, render, streaming):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    rendered = render_dataset(load_rows(path, streaming=streaming), form)
    assert list(rendered) == [example for row in ROWS for example in render(row)]
    assert rendered.column_names == (["prompt", "completion"] if form == "python" else ["messages", "tools"])


@pytest.mark.parametrize("streaming", [False, True])
def test_rows_that_cannot_be_rendered(streaming, caplog):
    dataset = to_dataset([make_row(user("Hi")), SINGLE])
    dataset = dataset.to_iterable_dataset() if streaming else dataset
    with pytest.raises(RowError, match="no assistant turn"):
        list(render_dataset(dataset))
    assert list(render_dataset(dataset, on_error="count")) == render_python(SINGLE)
    assert "1 rows can't be rendered and are left out; the first: row 7" in caplog.text


def test_a_dataset_of_which_nothing_is_left():
    assert list(render_dataset(to_dataset([make_row(user("Hi"))]), on_error="count")) == []
    assert list(render_dataset(to_dataset([]))) == []


def test_render_dataset_checks_its_arguments():
    with pytest.raises(ValueError, match="form='xml'"):
        render_dataset(to_dataset(ROWS), "xml")
    with pytest.raises(ValueError, match="on_error='skip'"):
        render_dataset(to_dataset(ROWS), on_error="skip")


def trainer_texts(tokenizer, model, dataset, tmp_path, **options) -> list[str]:
    """What `SFTTrainer` puts a loss on, per row."""
    config = SFTConfig(output_dir=str(tmp_path), use_cpu=True, report_to=[], max_length=None, bf16=False, **options)
    trainer = SFTTrainer(model, config, train_dataset=dataset, processing_class=tokenizer)
    batch = trainer.data_collator(list(trainer.train_dataset))
    return [tokenizer.decode(labels[labels != -100]) for labels in batch["labels"]]


def test_trl_trains_on_the_completion(tokenizer, model, tmp_path):
    texts = trainer_texts(tokenizer, model, render_dataset(to_dataset(ROWS)), tmp_path)
    assert texts == [f"{text}<|im_end|>\n" for row in ROWS for text in completions(row)]


def test_trl_trains_on_the_native_form(tokenizer_with, model, tmp_path):
    tokenizer = tokenizer_with(qwen3_chat_template)
    dataset = render_dataset(to_dataset(ROWS), "native")
    first, second, third = trainer_texts(tokenizer, model, dataset, tmp_path, assistant_only_loss=True)
    assert first.startswith("<think>\nOslo is a city.\n</think>\n\n<tool_call>")
    assert [text in second for text in ("Two cities.", "Rain, sun.", "Be brief.", "sky")] == [True, True, False, False]
    assert '"arguments": {"a": 8.854e-12, "b": -1.9502, "c": null}' in third
