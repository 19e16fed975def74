"""The durable record of what models said: a run that was killed asks again only for what was under way.

In: keys and answers. Out: [`Journal`], a SQLite file. Verdicts of rules are not in it: they cost nothing to repeat.

    with Journal("build/journal.sqlite") as journal:
        answer = journal.find(key)                    None if it was never asked
        journal.write(key, {"outcome": "pass"})       on file when this returns, whatever kills the process then
        await journal.keep(key, {"outcome": "pass"})  the same, in one transaction with others that come just now

Whoever asked waits until the answer is on file, so that no row goes on, or comes out, with an answer that a kill can
still take back. A kill thus costs the requests under way, and the replies that came in the same turn of the event loop.

A transaction in WAL mode with `synchronous=NORMAL` costs some 40 microseconds and is safe against the end of the
process; a loss of power may take the last seconds with it and leaves the file whole.
"""

import asyncio
import hashlib
import json
import sqlite3
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self


APPLICATION_ID = 0x46434452  # "FCDR" in the file's header: tells a journal from other SQLite files
FORMAT_VERSION = 1
BUSY_SECONDS = 30.0  # to wait for another process that writes at this moment
_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    key BLOB PRIMARY KEY, row TEXT NOT NULL, step TEXT NOT NULL, prompt TEXT NOT NULL, content TEXT NOT NULL
)"""


class JournalError(RuntimeError):
    """The journal can't be read or written: says which file, why, and what to do. It ends a run."""


@dataclass(frozen=True)
class Key:
    """
    What an answer depends on; equal keys have equal answers.

    Attributes:
        row (`str`): Id of the row.
        step (`str`): Stage, or what the teacher was asked for.
        payload (`str`): Hash of everything of the row that matters.
        prompt (`str`): Version of the prompt.
        model (`str`): Description of the judge or teacher.
    """

    row: str
    step: str
    payload: str
    prompt: str
    model: str

    @cached_property
    def digest(self) -> bytes:
        parts = [self.row, self.step, self.payload, self.prompt, self.model]
        return hashlib.sha256(json.dumps(parts).encode()).digest()[:20]


class Journal:
    """
    A file of answers by key, as a context.

    Args:
        path (`str` or `Path`): SQLite file; it is made with its folder, or continued.

    Raises:
        JournalError: The file can't be opened, is damaged, or is something else than a journal.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._waiting: list[tuple[tuple, asyncio.Future[None]]] = []
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # The runner works in a thread of its own; only ever one thread at a time uses the connection.
            self._connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS
            )
        except (OSError, sqlite3.Error) as error:
            raise self._error(error) from error
        try:
            self._open()
        except (JournalError, sqlite3.Error) as error:
            self._connection.close()
            raise self._error(error) if isinstance(error, sqlite3.Error) else error from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def __len__(self) -> int:
        return self._run("SELECT count(*) FROM answers").fetchone()[0]

    def find(self, key: Key) -> dict[str, Any] | None:
        """
        The answer that was written under this key.

        Raises:
            JournalError: The file can't be read.
        """
        found = self._run("SELECT content FROM answers WHERE key = ?", (key.digest,)).fetchone()
        return None if found is None else json.loads(found[0])

    def write(self, key: Key, content: dict[str, Any]) -> None:
        """
        Put an answer on file; under a key that has one, it takes that one's place.

        Args:
            key ([`Key`]): What it answers.
            content (`dict`): The answer, of JSON values.

        Raises:
            JournalError: The file can't be written, for instance because the disk is full.
        """
        self._write([_record(key, content)])

    async def keep(self, key: Key, content: dict[str, Any]) -> None:
        """
        As [`Journal.write`], in one transaction with all that comes in the same turn of the event loop: under load, when
        many replies come at once, an answer then costs a fraction of a transaction.
        """
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._write_waiting)
        on_file = loop.create_future()
        self._waiting.append((_record(key, content), on_file))
        await on_file

    def close(self) -> None:
        """Fold the log into the file and let go of it."""
        self._connection.close()

    def _open(self) -> None:
        # In this order: another process that makes the file at this moment writes all three at once.
        (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (application_id,) = self._connection.execute("PRAGMA application_id").fetchone()
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if tables and (application_id, version) != (APPLICATION_ID, FORMAT_VERSION):
            raise JournalError(f"{self.path} is no journal of this version of FCDR: give another file")
        # A file that was cut or overwritten shows here, and not after hours of work.
        (state,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            state = " ".join(state.split())
            raise JournalError(f"the journal {self.path} is damaged ({state}): restore it from a copy, or delete it")
        self._log_ahead()
        self._connection.execute("PRAGMA synchronous = NORMAL")
        if not tables:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(_TABLE)
            self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
            self._connection.execute("COMMIT")

    def _log_ahead(self) -> None:
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            # SQLite waits for other processes everywhere but here, where two meet that make the same file.
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(0.01)

    def _run(self, statement: str, values: tuple = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(statement, values)
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _write(self, records: list[tuple]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            with self._connection:
                self._connection.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", records)
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _write_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        failure = None
        try:
            self._write([record for record, _ in waiting])
        except JournalError as error:
            failure = error
        for _, on_file in waiting:
            # Whoever waited may have been cancelled meanwhile; the answer is kept all the same.
            if on_file.done():
                continue
            if failure is not None:
                on_file.set_exception(failure)
            else:
                on_file.set_result(None)

    def _error(self, error: Exception) -> JournalError:
        mend = "is there room on the disk, and may this user write there? What was written before is kept"
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            mend = "restore it from a copy, or delete it and begin anew"
        if "locked" in str(error):
            mend = "another run writes to it; wait for that one, or give each its own"
        return JournalError(f"the journal {self.path} fails ({error}): {mend}")


def _record(key: Key, content: dict[str, Any]) -> tuple[bytes, str, str, str, str]:
    # SQLite takes no half surrogate pairs; `json.dumps` escapes them.
    row = key.row.encode("utf-8", errors="backslashreplace").decode()
    return key.digest, row, key.step, key.prompt, json.dumps(content)
