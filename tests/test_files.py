"""A file is there whole, or as it was before."""

import os
from concurrent.futures import ThreadPoolExecutor

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
    assert path.read_text() == "before" and os.listdir(tmp_path) == ["scores.json"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "there.json").write_text("before")
    (tmp_path / "scores.json").symlink_to("there.json")
    write_whole(tmp_path / "scores.json", "after")
    assert (tmp_path / "scores.json").is_symlink() and (tmp_path / "there.json").read_text() == "after"


def test_what_is_no_file_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit((tmp_path / "pipe").read_text)
        write_whole(tmp_path / "pipe", "through")
        assert read.result() == "through"
    assert (tmp_path / "pipe").is_fifo()


def test_many_may_write_the_same_file(tmp_path):
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda number: write_whole(tmp_path / "scores.json", str(number) * 9), range(10)))
    assert len(set((tmp_path / "scores.json").read_text())) == 1 and os.listdir(tmp_path) == ["scores.json"]
