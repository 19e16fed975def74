"""Pins the journal: what is written is found by any later process, and a file that can't serve says why."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from dataclasses import asdict

import pytest

from funreason_trl.fcdr.journal import Journal, JournalError, Key


KEY = Key("row", "reasoning", "payload", "1-abc", "judge")


def test_an_answer_is_found_under_its_key_alone(tmp_path):
    with Journal(tmp_path / "new" / "journal.sqlite") as journal:
        journal.write(KEY, {"text": "lone \ud800, null \x00, line \u2028"})
        assert journal.find(KEY) == {"text": "lone \ud800, null \x00, line \u2028"}
        for part in asdict(KEY):
            assert journal.find(Key(**{**asdict(KEY), part: "other"})) is None
        journal.write(KEY, {"text": "new"})
        assert journal.find(KEY) == {"text": "new"}
        assert len(journal) == 1


def test_keys_are_not_confused_by_how_they_are_joined(tmp_path):
    with Journal(tmp_path / "journal") as journal:
        journal.write(Key("a", "b c", "d", "e", "f"), {})
        assert journal.find(Key("a b", "c", "d", "e", "f")) is None
        assert journal.find(Key('a", "b c', "d", "e", "f", "")) is None


def test_odd_ids_are_kept(tmp_path):
    key = Key("id \ud800 \x00 ' \n", "reasoning", "payload", "1", "judge")
    with Journal(tmp_path / "journal") as journal:
        journal.write(key, {"a": 1})
    with Journal(tmp_path / "journal") as journal:
        assert journal.find(key) == {"a": 1}


def test_what_was_written_outlives_a_process_that_ends_at_once(tmp_path):
    path = tmp_path / "journal"
    program = (
        "import os, sys; from funreason_trl.fcdr.journal import Journal, Key\n"
        f"journal = Journal({str(path)!r})\n"
        "for number in range(50): journal.write(Key(str(number), 's', 'p', 'v', 'm'), {'number': number})\n"
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == -9
    with Journal(path) as journal:
        assert [journal.find(Key(str(number), "s", "p", "v", "m"))["number"] for number in range(50)] == list(
            range(50)
        )


@pytest.mark.parametrize("damage", ["noise", "cut", "middle"])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path, damage):
    path = tmp_path / "journal"
    with Journal(path) as journal:
        for number in range(500):
            journal.write(Key(str(number), "s", "p", "v", "m"), {"text": "x" * 100})
    content = path.read_bytes()
    if damage == "noise":
        path.write_bytes(os.urandom(10_000))
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        path.write_bytes(content[:8192] + b"\xff" * 8192 + content[16384:])
    before = path.read_bytes()
    with pytest.raises(JournalError, match=r"journal.*(delete it|restore)"):
        Journal(path)
    assert path.read_bytes() == before


def test_another_sqlite_file_is_left_alone(tmp_path):
    path = tmp_path / "other.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE answers (a)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(JournalError, match="no journal"):
        Journal(path)
    assert path.read_bytes() == before


def test_a_place_that_can_not_be_written_is_an_error_at_the_start(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="may this user write"):
        Journal(tmp_path / "file" / "journal")
    with pytest.raises(JournalError, match="unable to open"):
        Journal(tmp_path)


def test_a_journal_that_can_only_be_read_is_an_error(tmp_path):
    with Journal(tmp_path / "journal") as journal:
        journal.write(KEY, {})
    with Journal(tmp_path / "journal") as journal:
        journal._connection.execute("PRAGMA query_only = 1")
        with pytest.raises(JournalError, match=r"readonly.*may this user write"):
            journal.write(KEY, {})


def test_a_full_disk_is_an_error_and_keeps_what_was_written(tmp_path):
    path = tmp_path / "journal"
    with Journal(path) as journal:
        journal.write(KEY, {"first": True})
        (pages,) = journal._connection.execute("PRAGMA page_count").fetchone()
        # As good as a full disk: SQLite's own bound gives the same error.
        journal._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(JournalError, match=r"full.*room on the disk"):
            for number in range(100):
                journal.write(Key(str(number), "s", "p", "v", "m"), {"text": "x" * 1000})
    with Journal(path) as journal:
        assert journal.find(KEY) == {"first": True}


def test_answers_that_come_together_are_on_file_when_their_askers_go_on(tmp_path):
    keys = [Key(str(number), "s", "p", "v", "m") for number in range(20)]

    async def ask(number):
        await journal.keep(keys[number], {"number": number})
        assert other.find(keys[number]) == {"number": number}

    async def run():
        await asyncio.gather(*(ask(number) for number in range(20)))

    with Journal(tmp_path / "journal") as journal, Journal(tmp_path / "journal") as other:
        transactions = []
        journal._connection.set_trace_callback(transactions.append)
        asyncio.run(run())
        assert len(journal) == 20
        assert transactions.count("COMMIT") == 1


def making_the_file(path):
    """Another process's connection, as it makes the same file: it holds the lock."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    return other


def test_of_two_that_make_the_same_file_one_waits(tmp_path):
    other = making_the_file(tmp_path / "journal")
    done = threading.Timer(0.2, other.rollback)
    done.start()
    with Journal(tmp_path / "journal") as journal:
        journal.write(KEY, {"a": 1})
        assert journal.find(KEY) == {"a": 1}
    done.join()
    other.close()


def test_a_lock_that_stays_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("funreason_trl.fcdr.journal.BUSY_SECONDS", 0.05)
    other = making_the_file(tmp_path / "journal")
    with pytest.raises(JournalError, match=r"locked.*another run writes to it"):
        Journal(tmp_path / "journal")
    other.close()


def test_an_answer_is_kept_though_its_asker_was_cancelled(tmp_path):
    async def run():
        task = asyncio.create_task(journal.keep(KEY, {"a": 1}))
        other = asyncio.create_task(journal.keep(Key("other", "s", "p", "v", "m"), {"b": 2}))
        await asyncio.sleep(0)
        task.cancel()
        await other
        return task.cancelled()

    with Journal(tmp_path / "journal") as journal:
        assert asyncio.run(run())
        assert journal.find(KEY) == {"a": 1}


def test_a_full_disk_fails_all_that_wait(tmp_path):
    async def run():
        keys = [Key(str(number), "s", "p", "v", "m") for number in range(3)]
        return await asyncio.gather(*(journal.keep(key, {}) for key in keys), return_exceptions=True)

    with Journal(tmp_path / "journal") as journal:
        journal._connection.execute("PRAGMA query_only = 1")
        failures = asyncio.run(run())
        assert [type(failure) for failure in failures] == [JournalError] * 3
        assert "may this user write" in str(failures[0])
        journal._connection.execute("PRAGMA query_only = 0")
        journal.write(KEY, {"a": 1})
        assert len(journal) == 1


def test_two_runs_may_share_a_journal(tmp_path):
    with Journal(tmp_path / "journal") as one, Journal(tmp_path / "journal") as other:
        one.write(KEY, {"by": "one"})
        assert other.find(KEY) == {"by": "one"}
        other.write(KEY, {"by": "other"})
        assert one.find(KEY) == {"by": "other"}
