"""Pins which token is think and which is result: from the text alone, whatever the tokenizer makes of the tags."""

import pickle

import pytest
from datasets.fingerprint import Hasher
from hypothesis import given, settings
from hypothesis import strategies as st

from funreason_trl.srml.segments import (
    IGNORED_LABEL,
    NONE,
    RESULT,
    THINK,
    ThinkTags,
    TokenTexts,
    find_segments,
    find_think,
    trained_turns,
)
from tests.srml.tokenizer_zoo import ASCII_TAGS, TOKENIZERS, TRIANGLE_TAGS, build_tokenizer


END = "<|im_end|>"
EOS = 9

# Texts of a row with the segment that each of their characters has; S and E stand for the start and the end tag.
ROWS = {
    "thought and call": [("Hi?\n", NONE), ("S so E", THINK), (f"\n\n[f()]{END}", RESULT)],
    "line feeds inside": [("Hi?\n", NONE), ("S\nso\nso\nE", THINK), (f"\n\n[f()]{END}", RESULT)],
    "call right behind the tag": [("Hi?\n", NONE), ("SsoE", THINK), (f"[f(a=1)]{END}", RESULT)],
    "text before the thought": [("Hi?\n", NONE), ("so", RESULT), ("SsoE", THINK), (f"[f()]{END}", RESULT)],
    "no thought": [("Hi?\n", NONE), (f"so [f()]{END}", RESULT)],
    "empty thought": [("Hi?\n", NONE), ("SE", THINK), (f"\n\nso{END}", RESULT)],
    "quoted end tag": [("Hi?\n", NONE), ("So E so E", THINK), (f"\n\n[f()]{END}", RESULT)],
    "quoted start tag": [("Hi?\n", NONE), ("Ssay S or E so E", THINK), (f"[f()]{END}", RESULT)],
    "quoted in the prompt": [("say S and E\n", NONE), ("SsoE", THINK), (f"[f()]{END}", RESULT)],
    "unclosed thought": [("Hi?\n", NONE), (f"Sso so{END}", THINK)],
    "unclosed thought behind white space": [("Hi?\n", NONE), (" \n", RESULT), (f"Sso so{END}", THINK)],
    "words that mention the start tag": [("Hi?\n", NONE), (f"Wrap it in S tags.{END}", RESULT)],
    "opened by the prompt": [("Hi?\nS\n", NONE), ("so E", THINK), (f"\n\n[f()]{END}", RESULT)],
    "opened by the prompt, and again": [("Hi? S\n", NONE), ("so S so E", THINK), (f"[f()]{END}", RESULT)],
    "opened by the prompt, unclosed": [("Hi?\nS\n\n", NONE), (f"so [f()]{END}", THINK)],
    "closed in the prompt": [("Hi?\nSE\n\n", NONE), (f"so [f()]{END}", RESULT)],
    "white space behind the end token": [("Hi?\n", NONE), ("SsoE", THINK), (f"[f()]{END}\n", RESULT)],
    "white space behind an unclosed thought": [("Hi?\n", NONE), (f"Sso{END}\n", THINK), ("Hi?\n", NONE)],
    "white space behind a prompt": [("Hi?", NONE), ("\n", RESULT), ("Hi?", NONE)],
    "end tag alone": [("Hi?\n", NONE), ("so E", THINK), (f"so{END}", RESULT)],
    "two turns": [
        ("Hi?\n", NONE),
        ("SsoE", THINK),
        (f"[f()]{END}", RESULT),
        ("\nand?\n", NONE),
        ("SsoE", THINK),
        (f"[f()]{END}", RESULT),
    ],
    "a turn with and one without": [
        ("Hi?\n", NONE),
        (f"so{END}", RESULT),
        ("\nand?\n", NONE),
        ("SsoE", THINK),
        (f"[f()]{END}", RESULT),
    ],
    "turns that touch": [
        ("Hi?\n", NONE),
        ("SsoE", THINK),
        (f"so{END}", RESULT),
        ("SsoE", THINK),
        (f"[f()]{END}", RESULT),
    ],
    "unclosed, then closed": [("Hi?\n", NONE), (f"Sso{END}", THINK), ("SsoE", THINK), (f"[f()]{END}", RESULT)],
    "multi-byte characters": [("漢?\n", NONE), ("Sé 漢🙂é", THINK), ("E", THINK), (f"é🙂[f('漢')]{END}", RESULT)],
    "multi-byte before the tag": [("Hi\n", NONE), ("so 漢🙂é", RESULT), ("SéE", THINK), (f"é{END}", RESULT)],
    "replacement character": [("Hi\n", NONE), ("S\ufffd so \ufffdE", THINK), (f"\ufffd[f('\ufffd')]{END}", RESULT)],
    "replacement character before the tag": [
        ("Hi\n", NONE),
        ("so \ufffd", RESULT),
        ("SsoE", THINK),
        (f"\ufffd{END}", RESULT),
    ],
    "cut off": [("Hi\n", NONE), ("SsoE", THINK), ("\n\n[f(a", RESULT)],
    "nothing trained": [(f"Hi SsoE so{END}", NONE)],
    "all trained": [("so ", RESULT), ("SsoE", THINK), ("so", RESULT)],
    "no end token": [("Hi?\n", NONE), ("SsoE", THINK), ("so", RESULT)],
    "empty": [],
}


@pytest.fixture(scope="module", params=[ASCII_TAGS, TRIANGLE_TAGS], ids=["ascii", "triangle"])
def tags(request):
    return request.param


@pytest.fixture(scope="module", params=list(TOKENIZERS))
def tokenizer(request, tags):
    return build_tokenizer(request.param, tags)


def tokenize(tokenizer, text: str, trained: list[bool]) -> tuple[list[int], list[int], list[int]]:
    """Token ids, labels (trained where the first character is) and the first character of each token."""
    encoded = tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
    firsts = [first for first, _ in encoded["offset_mapping"]]
    pairs = zip(encoded["input_ids"], firsts, strict=True)
    labels = [token if trained[first] else IGNORED_LABEL for token, first in pairs]
    return encoded["input_ids"], labels, firsts


@pytest.mark.parametrize("name", list(ROWS))
def test_tokens_belong_to_the_segment_of_their_first_character(name, tokenizer, tags):
    pieces = [(piece.replace("S", tags.start).replace("E", tags.end), segment) for piece, segment in ROWS[name]]
    text = "".join(piece for piece, _ in pieces)
    segments = [segment for piece, segment in pieces for _ in piece]
    input_ids, labels, firsts = tokenize(tokenizer, text, [segment != NONE for segment in segments])

    found = find_segments(input_ids, labels, TokenTexts(tokenizer), tags)

    assert found == [segments[first] for first in firsts]


def segments_of_characters(text: str, firsts: list[int], labels: list[int], eos: int, tags: ThinkTags) -> list[int]:
    """The rules once more, on the original text: segment of each token, by the tokenizer's own offsets."""
    turns: list[list[int]] = []
    for index, label in enumerate(labels):
        if label == IGNORED_LABEL:
            continue
        follows = index > 0 and labels[index - 1] not in (IGNORED_LABEL, eos)
        if follows:
            turns[-1].append(index)
        else:
            turns.append([index])
    segments = [NONE] * len(labels)
    prompt_begin = 0
    for turn in turns:
        begin = firsts[turn[0]]
        end = firsts[turn[-1] + 1] if turn[-1] + 1 < len(firsts) else len(text)
        answer = text[begin:end]
        if answer.isspace():
            for index in turn:
                segments[index] = segments[turn[0] - 1] or RESULT
            continue
        before, end_tag, _ = answer.rpartition(tags.end)
        thought = before + end_tag if end_tag else answer
        result_before, start_tag, _ = thought.partition(tags.start)
        opened = text[prompt_begin:begin].rstrip().endswith(tags.start)
        prompt_begin = end
        if opened or (end_tag and not start_tag):
            result_before = ""
        elif not end_tag and (not start_tag or result_before.strip()):
            thought = ""
        for index in turn:
            inside = len(result_before) <= firsts[index] - begin < len(thought)
            segments[index] = THINK if inside else RESULT
    return segments


PIECES = ["S", "S", "E", "E", END, "\n", "\n\n", " ", "so", "think", "<", "/", ">", "◁", "é", "漢", "🙂", "[f()]"]
TOKENIZERS_BY_TAGS = {
    tags: {name: build_tokenizer(name, tags) for name in TOKENIZERS} for tags in (ASCII_TAGS, TRIANGLE_TAGS)
}


@settings(max_examples=500, deadline=None)
@given(
    tags=st.sampled_from([ASCII_TAGS, TRIANGLE_TAGS]),
    name=st.sampled_from(list(TOKENIZERS)),
    pieces=st.lists(st.tuples(st.sampled_from(PIECES), st.integers(0, 3)), max_size=25),
)
def test_segments_are_those_of_the_text(tags, name, pieces):
    tokenizer = TOKENIZERS_BY_TAGS[tags][name]
    pieces = [(piece.replace("S", tags.start).replace("E", tags.end), chance > 0) for piece, chance in pieces]
    # A row that begins with the tag has, in SentencePiece, a space before it that is not in the text.
    pieces.insert(0, ("a", False))
    text = "".join(piece for piece, _ in pieces)
    trained = [is_trained for piece, is_trained in pieces for _ in piece]
    input_ids, labels, firsts = tokenize(tokenizer, text, trained)

    found = find_segments(input_ids, labels, TokenTexts(tokenizer), tags)

    assert found == segments_of_characters(text, firsts, labels, tokenizer.eos_token_id, tags)


@pytest.mark.parametrize("name", ["metaspace_unigram", "byte_fallback", "words", "tags_are_tokens", "straddling"])
@pytest.mark.parametrize("almost", ["</ think>", "< /think>", "</think >", "</ THINK>", "</Think>", "<\n/think>"])
def test_what_is_almost_a_tag_is_none(name, almost):
    tokenizer = build_tokenizer(name, ASCII_TAGS)
    text = f"a <think> so {almost} so</think> [f()]{END}"
    input_ids, labels, firsts = tokenize(tokenizer, text, [True] * len(text))

    found = find_segments(input_ids, labels, TokenTexts(tokenizer), ASCII_TAGS)

    begin, end = text.index("<think>"), text.index("</think> [f()]") + len("</think>")
    assert found == [THINK if begin <= first < end else RESULT for first in firsts]


@pytest.mark.parametrize("name", list(TOKENIZERS))
def test_joined_token_texts_are_the_decoded_row(name):
    tokenizer = build_tokenizer(name, ASCII_TAGS)
    for text in ("", "a so", "aé", "a é漢🙂 so", "a\ufffd\ufffdx<think>\n\n</think> \n", f"a{END}\n", "a" + "🙂" * 9):
        input_ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        texts = TokenTexts(tokenizer)(input_ids)
        assert len(texts) == len(input_ids)
        # SentencePiece puts a space before a row, which decoding the whole row takes away.
        assert "".join(texts).removeprefix(" ") == tokenizer.decode(input_ids)


def test_a_row_cut_inside_a_character_keeps_its_segments():
    tokenizer = build_tokenizer("bytes_only", ASCII_TAGS)
    input_ids = tokenizer("<think>é</think>漢", add_special_tokens=False)["input_ids"][:-1]
    found = find_segments(input_ids, input_ids, TokenTexts(tokenizer), ASCII_TAGS)
    assert found == [THINK] * (len(input_ids) - 2) + [RESULT] * 2


@pytest.mark.parametrize(
    ("unit", "trained_tokens"),
    [
        ("so <think>é 漢</think>\n\n[f()]", "all"),
        (f"<think>so</think>[f()]{END}", "all"),
        (f"\nand?\n<think>so</think>[f()]{END}", "half"),
        ("漢 \ufffd🙂", "all"),
        ("<", "all"),
    ],
    ids=["one long turn", "turns that touch", "turns", "several tokens a character", "starts of tags"],
)
def test_a_row_of_200_000_tokens_has_the_segments_of_its_parts(unit, trained_tokens):
    # Would run for minutes if the work grew with the square of the length.
    tokenizer = build_tokenizer("words", ASCII_TAGS)
    unit_ids = tokenizer(unit, add_special_tokens=False)["input_ids"]
    first_trained = 0 if trained_tokens == "all" else len(unit_ids) // 3
    unit_labels = [IGNORED_LABEL] * first_trained + unit_ids[first_trained:]
    repeats = 200_000 // len(unit_ids) + 1
    token_texts = TokenTexts(tokenizer)

    found = find_segments(unit_ids * repeats, unit_labels * repeats, token_texts, ASCII_TAGS)

    assert len(found) == len(unit_ids) * repeats >= 200_000
    last = find_segments(unit_ids, unit_labels, token_texts, ASCII_TAGS)
    if tokenizer.eos_token_id in unit_ids:
        assert found == last * repeats
    else:
        assert found[-len(last) // 2 :] == last[-len(last) // 2 :]


def test_what_was_remembered_changes_neither_pickle_nor_fingerprint():
    tokenizer = build_tokenizer("words", ASCII_TAGS)
    token_texts = TokenTexts(tokenizer)
    before = Hasher.hash(token_texts)
    assert token_texts(tokenizer("so é")["input_ids"]) == ["so", " é"]

    assert Hasher.hash(token_texts) == before == Hasher.hash(TokenTexts(tokenizer))
    assert pickle.loads(pickle.dumps(token_texts))(tokenizer("so é")["input_ids"]) == ["so", " é"]


def test_white_space_of_a_start_tag_does_not_matter_at_the_end_of_a_prompt():
    tokenizer = build_tokenizer("words", ASCII_TAGS)
    text = "Hi?<think>\nso so"
    trained = [index > text.index("\n") for index in range(len(text))]
    input_ids, labels, firsts = tokenize(tokenizer, text, trained)
    found = find_segments(input_ids, labels, TokenTexts(tokenizer), ThinkTags("<think>\n", "</think>\n"))
    assert found == [NONE if first < text.index("so") else THINK for first in firsts]


@pytest.mark.parametrize(
    ("labels", "turns"),
    [
        ([], []),
        ([-100, -100], []),
        ([1, 2], [(0, 2)]),
        ([-100, 1, 2, -100], [(1, 3)]),
        ([1, -100, 2], [(0, 1), (2, 3)]),
        ([1, EOS, 2, EOS], [(0, 2), (2, 4)]),
        ([1, EOS, 2], [(0, 2), (2, 3)]),
        ([EOS, EOS], [(0, 1), (1, 2)]),
    ],
)
def test_turns_are_runs_of_trained_tokens_cut_after_each_end_token(labels, turns):
    assert list(trained_turns([max(label, 0) for label in labels], labels, EOS)) == turns


def test_without_an_end_token_turns_are_runs_of_trained_tokens():
    assert list(trained_turns([1, 2, 3], [1, -100, 3], None)) == [(0, 1), (2, 3)]


@pytest.mark.parametrize(
    ("turn", "opened_by_prompt", "thought"),
    [
        ("<think>a</think>b", False, "<think>a</think>"),
        ("x<think>a</think>b", False, "<think>a</think>"),
        ("<think>a </think> b</think>c", False, "<think>a </think> b</think>"),
        ("<think>a<think></think>c", False, "<think>a<think></think>"),
        ("a</think>b", False, "a</think>"),
        ("a</think>b<think>c", False, "a</think>"),
        ("a</think>b", True, "a</think>"),
        ("a<think>b</think>c", True, "a<think>b</think>"),
        ("abc", True, "abc"),
        ("<think>b", False, "<think>b"),
        (" \n<think>b", False, "<think>b"),
        ("a<think>b", False, ""),
        ("abc", False, ""),
        ("", False, ""),
        ("", True, ""),
    ],
)
def test_think_goes_from_the_first_start_tag_to_the_last_end_tag(turn, opened_by_prompt, thought):
    first, end = find_think(turn, ASCII_TAGS, opened_by_prompt)
    assert turn[first:end] == thought
