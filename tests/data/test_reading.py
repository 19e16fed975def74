"""From prompts and answers back to rows."""

import pytest

from funreason_trl.data.reading import answered, read_prompt
from funreason_trl.data.rendering import SYSTEM_PROMPT, prompt_messages, render_python
from funreason_trl.data.rows import RowError
from funreason_trl.data.sample import sample_rows


ROWS = list(sample_rows(60))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_prompt_read_back_makes_the_same_prompt(row):
    prompt = prompt_messages(row["messages"], row["tools"])
    messages, tools = read_prompt(prompt)
    assert tools == row["tools"]
    assert prompt_messages(messages, tools) == prompt


def test_a_prompt_without_functions_is_what_it_is():
    prompt = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert read_prompt(prompt) == (prompt, [])


def test_a_system_text_of_the_rows_own_comes_back():
    messages = [{"role": "system", "content": "Be brief."}, *ROWS[0]["messages"]]
    read, tools = read_prompt(prompt_messages(messages, ROWS[0]["tools"]))
    assert read[0] == messages[0] and tools == ROWS[0]["tools"]


def test_a_broken_list_of_functions_is_named():
    with pytest.raises(RowError, match=r"prompt\[0\].content: no list of functions: '\[\{'"):
        read_prompt([{"role": "system", "content": SYSTEM_PROMPT + "[{"}])


@pytest.mark.parametrize("row", ROWS[:20], ids=lambda row: row["id"])
def test_a_row_with_its_own_answer_is_the_same_row(row):
    (*_, example) = render_python(row)
    assert answered(row, example["completion"][0]["content"]) == row
    assert answered({**row, "messages": row["messages"][:-1]}, example["completion"][0]["content"]) == row
