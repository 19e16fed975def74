"""Pins the runner: order, memory, resuming after a kill, and how a run ends when something is gone."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from io import StringIO

import pytest
from rich.console import Console

from funreason_trl.fcdr.journal import Journal, JournalError
from funreason_trl.fcdr.judges import EndpointJudge, EnsembleJudge
from funreason_trl.fcdr.models import Endpoint, EndpointGone, Price
from funreason_trl.fcdr.progress import Display
from funreason_trl.fcdr.runner import inspect_all
from funreason_trl.fcdr.tally import Tally
from funreason_trl.fcdr.teacher import Teacher
from funreason_trl.fcdr.verdicts import Outcome, Stage
from tests.fcdr.inspection_run import CONCURRENCY, JUDGED, ROWS, main
from tests.fcdr.scripted import ScriptedJudge, ScriptedModel, candidate, rules, verdict_text
from tests.generation.stand_in import SILENCE, StandIn, completion, dead_url


@pytest.fixture
def server():
    with StandIn() as stand_in:
        yield stand_in


def rows(count):
    return (candidate(str(number), f"Weather in city {number}?") for number in range(count))


def ids(results):
    return [inspected.candidate.row["id"] for inspected in results]


def number_of(row):
    return int(row.row["id"])


class UnevenJudge(ScriptedJudge):
    """Takes longest for the first of every ten rows."""

    async def judge(self, stage, row):
        self.seconds = 0.002 * (9 - number_of(row) % 10)
        return await super().judge(stage, row)


@pytest.mark.parametrize("window", [1, 7, 1000])
def test_rows_come_in_the_order_of_the_source(window):
    judge = UnevenJudge(lambda stage, row: Outcome.DROP if number_of(row) % 3 == 0 else Outcome.PASS)
    results = list(inspect_all(rows(50), rules(), {Stage.REASONING: judge}, window=window, progress=False))
    assert ids(results) == list(map(str, range(50)))
    assert [inspected.status for inspected in results] == ["rejected" if n % 3 == 0 else "kept" for n in range(50)]


def test_no_rows_are_no_results():
    assert list(inspect_all([], rules(), progress=False)) == []


def test_no_more_rows_are_read_than_the_window_holds():
    read = []

    def source():
        for row in rows(10_000):
            read.append(row)
            yield row

    stream = inspect_all(source(), rules(), window=16, progress=False)
    assert read == []
    for taken in range(1, 40):
        next(stream)
        time.sleep(0.001)
        # And one that has been read and waits for its place.
        assert len(read) <= taken + 16 + 1
    stream.close()
    assert len(read) <= 60


def test_rows_are_inspected_at_the_same_time():
    under_way = most = 0

    class Meeting(ScriptedJudge):
        async def judge(self, stage, row):
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            while most < 8:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.02)
            under_way -= 1
            return await super().judge(stage, row)

    list(inspect_all(rows(20), rules(), {Stage.REASONING: Meeting()}, window=8, progress=False))
    assert most == 8


def test_it_runs_within_a_running_loop():
    async def notebook():
        return ids(inspect_all(rows(3), rules(), progress=False))

    assert asyncio.run(notebook()) == ["0", "1", "2"]


def test_an_iterator_that_is_left_leaves_no_thread_behind():
    model = ScriptedModel()
    stream = inspect_all(rows(1000), rules(), {Stage.REASONING: ScriptedJudge()}, Teacher(model), progress=False)
    next(stream)
    stream.close()
    assert not any(thread.name == "fcdr" for thread in threading.enumerate())
    assert model.closed == 1


def test_a_fault_of_the_source_ends_the_run():
    def source():
        yield from rows(3)
        raise OSError("the file is gone")

    with pytest.raises(OSError, match="the file is gone"):
        list(inspect_all(source(), rules(), progress=False))


def test_a_fault_of_a_rule_ends_the_run():
    def broken(row):
        raise RecursionError("a bug")

    with pytest.raises(RecursionError, match="a bug"):
        list(inspect_all(rows(5), rules() | {Stage.REASONING: broken}, progress=False))


def test_a_full_journal_ends_the_run(tmp_path):
    with Journal(tmp_path / "journal") as journal:
        journal._connection.execute("PRAGMA query_only = 1")
        with pytest.raises(JournalError, match="may this user write"):
            list(inspect_all(rows(5), rules(), {Stage.REASONING: ScriptedJudge()}, journal=journal, progress=False))


def test_an_endpoint_that_is_gone_ends_the_run_and_keeps_what_was_answered(server, tmp_path):
    judges = {Stage.REASONING: EndpointJudge(Endpoint(server.base_url, "m", 1, attempts=1, give_up_after=3))}
    server.script = [completion(verdict_text())] * 4 + [500] * 50
    with Journal(tmp_path / "journal") as journal:
        with pytest.raises(EndpointGone, match="3 requests in a row"):
            list(inspect_all(rows(20), rules(), judges, journal=journal, progress=False))
        assert len(journal) == 4
        assert len(server.requests) < 20
        asked_before = len(server.requests)
        server.script = [completion(verdict_text())] * 50
        results = list(inspect_all(rows(20), rules(), judges, journal=journal, progress=False))
    assert ids(results) == list(map(str, range(20)))
    assert {inspected.status for inspected in results} == {"kept"}
    assert len(server.requests) == asked_before + 16


def test_what_else_was_asked_for_a_row_is_let_go_when_the_run_ends(server):
    server.script = [SILENCE] * 10
    patient = EndpointJudge(Endpoint(server.base_url, "silent"))
    gone = EndpointJudge(Endpoint(dead_url(), "gone", attempts=1, give_up_after=1))
    began = time.monotonic()
    with pytest.raises(EndpointGone):
        list(inspect_all(rows(1), rules(), {Stage.REASONING: EnsembleJudge([patient, gone])}, progress=False))
    assert time.monotonic() - began < 500  # the silent one would be waited for for ten minutes, six times


def test_nobody_at_the_address_ends_the_run_soon():
    judges = {Stage.REASONING: EndpointJudge(Endpoint(dead_url(), "m", attempts=2, first_wait=0.001))}
    with pytest.raises(EndpointGone):
        list(inspect_all(rows(1000), rules(), judges, progress=False))


def test_errors_are_listed_and_tried_again_by_the_next_start(tmp_path):
    judge = ScriptedJudge(lambda stage, row: Outcome.ERROR if number_of(row) % 4 == 0 else Outcome.PASS)
    for outcome, errors, asked in [(None, 3, 10), (Outcome.PASS, 0, 13)]:
        if outcome:
            judge.script = lambda stage, row: Outcome.PASS
        tally = Tally()
        with Journal(tmp_path / "journal") as journal:
            list(
                inspect_all(rows(10), rules(), {Stage.REASONING: judge}, journal=journal, tally=tally, progress=False)
            )
        assert [id for id, _ in tally.errors] == ["0", "4", "8"][:errors]
        assert (tally.rows["error"], tally.rows["kept"]) == (errors, 10 - errors)
        assert len(judge.asked) == asked


def test_a_model_that_several_judges_ask_is_closed_once():
    model, other = ScriptedModel(), ScriptedModel()

    def judge(description, *models):
        scripted = ScriptedJudge(description=description)
        scripted.models = models
        return scripted

    ensemble = EnsembleJudge([judge("first", model), judge("second", other)])
    judges = {Stage.RESPONSE: judge("alone", model), Stage.REASONING: ensemble}
    list(inspect_all(rows(3), rules(), judges, Teacher(model), progress=False))
    assert (model.closed, other.closed) == (1, 1)


# -------------------------------------------------------------------------------------------------------- processes


def answer_and_then_hold_back(server, answers):
    """As many requests as are under way at a time get no answer after `answers` that do; later ones do again."""
    verdict = completion(verdict_text())
    server.script = [*[verdict] * answers, *[SILENCE] * CONCURRENCY, *[verdict] * 1000]


def start(server, folder, name):
    command = [sys.executable, "-m", "tests.fcdr.inspection_run", server.base_url]
    return subprocess.Popen([*command, str(folder / "journal"), str(folder / name)], stderr=subprocess.PIPE, text=True)


def wait_until_held_back(server, process, folder, answers):
    deadline = time.monotonic() + 600
    while not server.requests:  # the process has made the journal
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    with Journal(folder / "journal") as journal:
        while len(server.requests) < answers + CONCURRENCY or len(journal) < answers:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)


def test_a_killed_run_goes_on_and_gives_the_same_bytes(server, tmp_path):
    answer_and_then_hold_back(server, 25)
    process = start(server, tmp_path, "killed")
    wait_until_held_back(server, process, tmp_path, 25)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    process.stderr.close()
    main(server.base_url, tmp_path / "journal", tmp_path / "killed")
    asked = Counter(json.dumps(body["messages"]) for _, _, body in server.requests)
    assert len(asked) == ROWS * len(JUDGED)
    # Those that were under way.
    assert asked.total() - len(asked) == CONCURRENCY
    main(server.base_url, tmp_path / "fresh", tmp_path / "whole")
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "killed").read_bytes()
    assert len((tmp_path / "whole").read_text().splitlines()) == ROWS


def test_ctrl_c_ends_the_run_at_once(server, tmp_path):
    answer_and_then_hold_back(server, 10)
    with start(server, tmp_path, "output") as process:
        wait_until_held_back(server, process, tmp_path, 10)
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=600)[1]
    assert process.returncode != 0
    assert errors.strip().endswith("KeyboardInterrupt")
    assert "never" not in errors and "Task" not in errors
    with Journal(tmp_path / "journal") as journal:
        assert len(journal) == 10


# --------------------------------------------------------------------------------------------------------- display


def test_the_tally_counts_what_became_of_the_rows():
    scripts = {
        "response": lambda row: Outcome.SAVE if number_of(row) == 0 else Outcome.PASS,
        "reasoning": lambda row: Outcome.DROP if number_of(row) == 1 else Outcome.PASS,
        "format": lambda row: Outcome.REGENERATE if number_of(row) in (2, 3) else Outcome.PASS,
    }
    tally = Tally()
    teacher = Teacher(ScriptedModel(*["<think>a</think>\n\n[get_weather(city='Oslo')]"] * 6))
    list(inspect_all(rows(5), rules(**scripts), teacher=teacher, tally=tally, progress=False))
    assert tally.rows == {"kept": 2, "rejected": 1, "hard": 2}
    assert (tally.saved, tally.regenerated, tally.errors) == (1, 2, [])
    assert tally.verdicts[Stage.RESPONSE, Outcome.SAVE] == 1
    assert tally.verdicts[Stage.FORMAT, Outcome.REGENERATE] == 8
    assert tally.reasons == {(Stage.REASONING, "scripted"): 1, (Stage.FORMAT, "scripted"): 2}


def test_the_progress_shows_rows_tokens_cost_and_what_is_left(capsys):
    model = ScriptedModel()
    model.usage.prompt_tokens, model.usage.new_tokens, model.price = 2_000_000, 1_000_000, Price(0.5, 2)
    judge = ScriptedJudge()
    judge.models = (model,)
    list(inspect_all(rows(10), rules(), {Stage.REASONING: judge}, total=10))
    shown = " ".join(capsys.readouterr().err.split())
    for words in ("10 of 10 rows", "10 kept", "rows/s", "0:00:00 left", "2,000,000 + 1,000,000 tokens", "cost 3.00"):
        assert words in shown


def test_the_display_has_a_line_for_each_stage():
    tally = Tally()
    list(inspect_all(rows(7), rules(), tally=tally, progress=False))
    console = Console(width=200, file=StringIO())
    console.print(Display(tally, (), None))
    text = console.file.getvalue()
    assert all(stage.value in text for stage in Stage)
    assert text.count(" 7 ") >= 5
