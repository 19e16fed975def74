"""A file is there whole, or as it was before."""

import os

import pytest

from funreason_trl.files import write_whole


def test_a_file_is_replaced_and_nothing_lies_beside_it(tmp_path):
    for text in ("one\n", "zwei ü\n"):
        path = write_whole(tmp_path / "scores.json", text)
        assert path.read_bytes() == text.encode()
    assert os.listdir(tmp_path) == ["scores.json"]


def test_a_writing_that_ends_early_leaves_what_was_there(tmp_path):
    path = write_whole(tmp_path / "scores.json", "before")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "half of it \ud83d")
    assert path.read_text() == "before"
