"""Copies are found, however they are spelled; rows that differ in a value are not copies."""

import sqlite3

import pytest

from funreason_trl.building import duplicates
from funreason_trl.building.duplicates import Duplicate, SeenRows
from funreason_trl.calls import Call
from funreason_trl.data.rows import assistant_message
from funreason_trl.data.sample import sample_rows


TOOLS = [{"type": "function", "function": {"name": "f", "description": "", "parameters": {}}}]
LONG = "Please look up for me what the weather in Oslo will be like tomorrow afternoon, and tell me if it rains"


def row(row_id: str, query: str, calls: list[Call] | None = None, tools=TOOLS) -> dict:
    calls = [Call("f", {"city": "Oslo"})] if calls is None else calls
    messages = [{"role": "user", "content": query}, assistant_message("Hm.", calls, "" if calls else "No.")]
    return {"messages": messages, "tools": tools, "id": row_id, "source": "test"}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (row("b", LONG.upper().replace(" ", "\n")), "exact"),
        (row("b", LONG, [Call("f", {"city": "Rome"})]), "exact"),  # the same question cannot have two answers
        (row("b", LONG + ", thanks"), "near"),
        (row("b", LONG.replace("Please look", "Look")), "near"),
        (row("b", LONG.replace("Oslo", "Rome"), [Call("f", {"city": "Rome"})]), None),
        (row("b", "Is it going to rain in Oslo?"), None),
        (row("b", LONG, tools=[]), "near"),
        (row("b", ""), None),
    ],
)
def test_what_counts_as_a_copy(other, expected):
    with SeenRows() as seen:
        assert seen.duplicate_of(row("a", LONG)) is None
        assert seen.duplicate_of(other) == (expected and Duplicate("a", expected))


def test_a_copy_is_not_remembered_itself():
    with SeenRows() as seen:
        seen.duplicate_of(row("a", LONG))
        seen.duplicate_of(row("b", LONG))
        assert seen.duplicate_of(row("c", LONG)) == Duplicate("a", "exact")


def test_the_sample_has_no_exact_copies_and_few_near_ones():
    with SeenRows() as seen:
        found = [seen.duplicate_of(sample) for sample in sample_rows(1500)]
    assert not [duplicate for duplicate in found if duplicate and duplicate.kind == "exact"]
    assert sum(duplicate is not None for duplicate in found) < 60


def test_near_copies_are_found_among_many(tmp_path):
    with SeenRows() as seen:
        rows = [sample for sample in sample_rows(500) if len(sample["messages"][0]["content"].split()) > 12]
        kept = [sample for sample in rows if seen.duplicate_of(sample) is None]
        again = 0
        for sample in kept:
            user, answer = sample["messages"]
            changed = {**sample, "id": "x", "messages": [{**user, "content": user["content"] + " Thanks"}, answer]}
            again += seen.duplicate_of(changed) is not None
    assert len(kept) > 100 and again / len(kept) > 0.97


def test_more_rows_than_places_forget_near_copies_but_no_exact_ones(monkeypatch):
    monkeypatch.setattr(duplicates, "_SLOT_BITS", 10)  # of 1024 places, each row takes 16
    rows = list(sample_rows(400))
    with SeenRows() as seen:
        kept = [sample for sample in rows if seen.duplicate_of(sample) is None]
        assert all(seen.duplicate_of(sample) == Duplicate(sample["id"], "exact") for sample in kept)
        again = []
        for sample in kept[-20:]:
            user, answer = sample["messages"]
            words = {**user, "content": user["content"] + " Thanks"}
            again.append(seen.duplicate_of({**sample, "messages": [words, answer]}) is not None)
    assert len(kept) > 350 and sum(again) > 10


def test_a_full_disk_says_where_and_what_to_do(monkeypatch):
    with SeenRows() as seen:
        monkeypatch.setattr(seen, "_database", Full())
        with pytest.raises(OSError, match=r"funreason-seen-.*disk is full.*TMPDIR"):
            seen.duplicate_of(row("a", LONG))


class Full:
    def execute(self, *_):
        raise sqlite3.OperationalError("database or disk is full")

    def close(self):
        pass
