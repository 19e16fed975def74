"""Pins the file of answers: nothing lost or asked twice when a run is killed, and no answers of another run in it."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from funreason_trl.generation import AnswersFileError, Prompt, generate_to_file
from tests.generation.halting_run import PROMPTS, SETTINGS, HaltingGenerator


EXPECTED = [f"answer to question {number} \ud800\u2028" for number in range(len(PROMPTS))]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new folder" / "answers.jsonl"


@pytest.fixture
def generator(tmp_path):
    return HaltingGenerator(tmp_path / "log")


def asked(generator):
    return generator.log.read_text().splitlines() if generator.log.exists() else []


def first(count):
    return dict(list(PROMPTS.items())[:count])


def check_complete(answers):
    assert list(answers) == list(PROMPTS)
    assert [answer.texts[0] for answer in answers.values()] == EXPECTED
    assert [answer.index for answer in answers.values()] == list(range(len(PROMPTS)))


def test_the_answers_are_in_the_order_of_the_prompts_and_one_a_line(generator, path):
    check_complete(generate_to_file(generator, PROMPTS, SETTINGS, path))
    header, *lines = map(json.loads, path.read_text().splitlines())
    assert header["generator"] == generator.description
    assert header["settings"]["max_new_tokens"] == SETTINGS.max_new_tokens
    assert [line["id"] for line in lines] == list(reversed(PROMPTS))
    assert set(lines[0]) == {"id", "texts", "tokens", "finished", "prompt"}


def test_a_killed_run_goes_on_where_it_stopped_and_asks_nothing_twice(generator, path):
    command = [sys.executable, "-m", "tests.generation.halting_run", path, generator.log, "5"]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 600
    while not path.exists() or path.read_bytes().count(b"\n") < 6 or len(asked(generator)) < 6:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    answered = path.read_bytes().count(b"\n") - 1
    assert answered == 5
    started = len(asked(generator))

    check_complete(generate_to_file(generator, PROMPTS, SETTINGS, path))
    assert len(asked(generator)) == started + len(PROMPTS) - answered
    # The one that was under way when the run was killed is the only one that was asked twice.
    assert sorted(Counter(asked(generator)).values())[-2] == 1


@pytest.mark.parametrize("cut", [1, 7, 60])
def test_a_torn_last_line_is_asked_again(generator, path, cut):
    generate_to_file(generator, PROMPTS, SETTINGS, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    check_complete(generate_to_file(generator, PROMPTS, SETTINGS, path))
    assert path.read_bytes() == whole
    assert asked(generator)[len(PROMPTS) :] == ["question 0"]


def test_a_torn_first_line_is_a_fresh_start(generator, path):
    generate_to_file(generator, PROMPTS, SETTINGS, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:20])
    check_complete(generate_to_file(generator, PROMPTS, SETTINGS, path))
    assert path.read_bytes() == whole


def test_a_finished_file_asks_nothing(generator, path):
    generate_to_file(generator, PROMPTS, SETTINGS, path)
    content = path.read_bytes()
    check_complete(generate_to_file(generator, PROMPTS, SETTINGS, path))
    assert len(asked(generator)) == len(PROMPTS)
    assert path.read_bytes() == content


def test_more_prompts_than_before_and_then_fewer(generator, path):
    generate_to_file(generator, first(4), SETTINGS, path)
    check_complete(generate_to_file(generator, PROMPTS, SETTINGS, path))
    assert len(asked(generator)) == len(PROMPTS)
    assert list(generate_to_file(generator, first(2), SETTINGS, path)) == ["id-0", "id-1"]


def test_ctrl_c_keeps_what_is_there_and_closes_the_generator(generator, path):
    class Interrupted(HaltingGenerator):
        def generate(self, prompts, settings):
            for place, answer in enumerate(super().generate(prompts, settings)):
                if place == 5:
                    raise KeyboardInterrupt
                yield answer

    with pytest.raises(KeyboardInterrupt):
        generate_to_file(Interrupted(generator.log), PROMPTS, SETTINGS, path)
    assert path.read_bytes().count(b"\n") == 6
    check_complete(generate_to_file(generator, PROMPTS, SETTINGS, path))


def test_the_generator_is_closed_when_writing_fails(generator, path, monkeypatch):
    monkeypatch.setattr("funreason_trl.generation.answers_file._as_line", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError) as error:
        generate_to_file(generator, PROMPTS, SETTINGS, path)
    # The traceback still holds the stream, so it is not the garbage collector that closed it.
    assert generator.closed
    assert error.tb is not None


def refuses(path, words, generator, prompts=PROMPTS, settings=SETTINGS):
    content = path.read_bytes()
    with pytest.raises(AnswersFileError, match=words) as error:
        generate_to_file(generator, prompts, settings, path)
    assert str(path) in str(error.value)
    assert path.read_bytes() == content


def test_other_settings_are_refused_by_name(generator, path):
    generate_to_file(generator, PROMPTS, SETTINGS, path)
    other = replace(SETTINGS, max_new_tokens=9, temperature=0.5)
    refuses(
        path, "settings.max_new_tokens is 8 in the file and 9 now; settings.temperature is", generator, settings=other
    )


def test_another_model_is_refused_by_name(generator, path):
    generate_to_file(generator, PROMPTS, SETTINGS, path)
    generator.description = {"way": "halting", "model": "other", "dtype": "bfloat16"}
    refuses(path, "generator.dtype is 'not given' in the file and 'bfloat16' now; generator.model is", generator)


def test_another_prompt_under_the_same_id_is_refused(generator, path):
    generate_to_file(generator, PROMPTS, SETTINGS, path)
    changed = {**PROMPTS, "id-3": Prompt([{"role": "user", "content": "something else"}])}
    refuses(path, "'id-3'", generator, prompts=changed)


@pytest.mark.parametrize(
    "content", ["notes of mine", "notes of mine\n", "[1, 2]\n{}\n", '{"id": "x"}\n', '{"generator": 1}\n']
)
def test_a_file_of_something_else_is_refused_and_left_alone(generator, path, content):
    path.parent.mkdir()
    path.write_text(content)
    refuses(path, "no file of answers", generator)


def test_a_broken_line_in_the_middle_is_named(generator, path):
    generate_to_file(generator, PROMPTS, SETTINGS, path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:3], '{"id": "id-5"}\n', *lines[3:]]))
    refuses(path, "line 4 is no answer", generator)
