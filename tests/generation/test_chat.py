"""Pins texts around tokens: which special tokens an answer keeps, how a prompt is rendered, and what is refused."""

import pytest

from funreason_trl.generation import Prompt
from funreason_trl.generation.chat import Chat, end_ids_of
from tests.tiny import build_tiny_model, build_tiny_tokenizer


MESSAGES = [{"role": "user", "content": "Hello"}]
TOOLS = [{"type": "function", "function": {"name": "f", "description": "", "parameters": {"type": "object"}}}]
END = 2


@pytest.fixture
def tokenizer():
    """One of this test's own, with marks of calls among its special tokens."""
    tokenizer = build_tiny_tokenizer(added_tags=True)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<tool_call>", "</tool_call>"]})
    return tokenizer


def ids_of(tokenizer, text):
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def test_marks_of_calls_and_thought_are_kept_and_those_of_turns_go(tokenizer):
    assert {"<tool_call>", "<|im_end|>"} <= set(tokenizer.all_special_tokens)
    text = '<think> a = 1 , b </think>\n\n<tool_call>{"name": "f"}</tool_call>'
    ids = ids_of(tokenizer, f"<pad>{text}<|im_start|><|im_end|>")
    sample = Chat(tokenizer).read(ids, frozenset({END}))
    assert sample.text == text
    assert sample.tokens == len(ids)
    assert sample.finished


def test_an_answer_ends_at_the_first_of_several_end_tokens(tokenizer):
    first, second = ids_of(tokenizer, "</tool_call><|im_end|>")
    ids = [*ids_of(tokenizer, "a b"), first, second, 0, 0]
    sample = Chat(tokenizer).read(ids, frozenset({first, second}))
    assert (sample.text, sample.tokens, sample.finished) == ("a b", len(ids) - 3, True)


def test_an_answer_without_end_token_is_cut_off(tokenizer):
    ids = ids_of(tokenizer, "a b")
    sample = Chat(tokenizer).read(ids, frozenset({END}))
    assert (sample.text, sample.tokens, sample.finished) == ("a b", len(ids), False)


def test_the_end_tokens_are_those_of_tokenizer_and_model(tokenizer):
    model = build_tiny_model(len(tokenizer))
    model.generation_config.eos_token_id = [7, 9]
    assert end_ids_of(model, tokenizer) == {END, 7, 9}
    model.generation_config.eos_token_id = None
    assert end_ids_of(model, tokenizer) == {END}


def test_a_prompt_ends_where_the_answer_begins(tokenizer):
    prompt = Prompt(MESSAGES, answer_start="<think>Well")
    text = "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n<think>Well"
    chat = Chat(tokenizer)
    assert chat.text(prompt) == text
    assert tokenizer.decode(chat.encode(prompt)) == text


def test_tools_that_the_template_leaves_out_are_refused(tokenizer):
    with pytest.raises(ValueError, match="leaves out tools"):
        Chat(tokenizer).text(Prompt(MESSAGES, TOOLS))


def test_tools_are_given_to_a_template_that_has_them(tokenizer):
    tokenizer.chat_template = (
        "{% for tool in tools or [] %}{{ tool.function.name }};{% endfor %}" + tokenizer.chat_template
    )
    assert Chat(tokenizer).text(Prompt(MESSAGES, TOOLS)).startswith("f;<|im_start|>user")


@pytest.mark.parametrize(
    ("ending", "answer_start", "opening"),
    [
        ("<think>\n", "", "<think>\n"),
        ("<think>", "", "<think>"),
        ("<think>\n", "Well", ""),
        ("<think>\n\n</think>\n\n", "", ""),
        ("", "", ""),
    ],
)
def test_a_thought_that_the_template_opened_is_opened_in_the_text(tokenizer, ending, answer_start, opening):
    tokenizer.chat_template += repr(ending).join(["{{ ", " }}"])
    chat = Chat(tokenizer)
    assert chat.opening(Prompt(MESSAGES, answer_start=answer_start)) == opening
    assert chat.read(ids_of(tokenizer, "a</think>b"), frozenset(), opening).text == opening + "a</think>b"
