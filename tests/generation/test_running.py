"""Pins a whole run: answers in order, and a progress bar with tokens a second and the answers that are left."""

from funreason_trl.generation import generate_all, generate_to_file
from tests.generation.halting_run import PROMPTS, SETTINGS, HaltingGenerator


def test_the_answers_are_in_the_order_of_the_prompts(tmp_path):
    answers = generate_all(HaltingGenerator(tmp_path / "log"), list(PROMPTS.values()), SETTINGS)
    assert [answer.index for answer in answers] == list(range(len(PROMPTS)))


def test_the_progress_shows_speed_and_what_was_there_before(tmp_path, capsys):
    generator = HaltingGenerator(tmp_path / "log", pause=0.05)
    some = dict(list(PROMPTS.items())[:5])
    generate_to_file(generator, some, SETTINGS, tmp_path / "answers.jsonl")
    capsys.readouterr()
    generate_to_file(generator, PROMPTS, SETTINGS, tmp_path / "answers.jsonl", description="Asking")
    shown = capsys.readouterr().err
    assert "Asking" in shown
    assert f"5/{len(PROMPTS)}" in shown
    assert "tokens/s" in shown
