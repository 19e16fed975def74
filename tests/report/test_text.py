"""Pins that whatever a model writes is text on the page, of bounded length."""

import html
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funreason_trl.report.text import LONGEST, clean, duration, percent, public, safe


@given(st.text(st.characters(), max_size=300))
def test_no_text_leaves_its_place(text):
    written = safe(text)
    assert not set("<>\"'") & set(written)
    assert html.unescape(written) == clean(text)
    assert not [c for c in written if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]
    written.encode("utf-8")


def test_what_can_not_be_seen_is_shown():
    assert clean("a\x00b\u202ec\ud800d") == "a\ufffdb\ufffdc\ufffdd"


def test_unicode_stays():
    assert clean("Tromsø 東京 🙂 עברית") == "Tromsø 東京 🙂 עברית"


def test_a_long_text_is_shortened_with_how_much_is_left_out():
    written = clean("x" * 1_000_000)
    assert written.endswith(f" … ({1_000_000 - LONGEST:,} more characters)")
    assert len(written) < LONGEST + 50


def test_many_blank_lines_are_one():
    assert clean("a\n \n\n\n\nb") == "a\n\nb"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("org/model", "org/model"),
        ("/home/me/runs/refined", "refined"),
        ("./runs/refined", "refined"),
        ("runs/here", "here"),
        ("runs/first/gone", "gone"),
        ("one or two / three or / four", "one or two / three or / four"),
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("a\0b", "a\0b"),
        ("~nobody-of-this-name", "~nobody-of-this-name"),
        ("", ""),
        ("x" * 100_000, "x" * 100_000),
    ],
)
def test_folders_of_this_machine_are_left_out(name, shown, tmp_path, monkeypatch):
    (tmp_path / "runs" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert public(name) == shown


def test_shares_and_durations():
    assert (percent(0.123), percent(0.1234, 1)) == ("12%", "12.3%")
    assert [duration(seconds) for seconds in (5, 600, 7200)] == ["5 s", "10 min", "2.0 h"]
