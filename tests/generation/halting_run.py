"""A run that stands still, for the test that kills it. In: the file to write, and one to log what is asked. Out: both.

It is a process of its own: `python -m tests.generation.halting_run ANSWERS LOG COUNT`.
"""

import sys
import time
from pathlib import Path

from funreason_trl.generation import Generated, GenerationSettings, Prompt, generate_to_file


PROMPTS = {f"id-{number}": Prompt([{"role": "user", "content": f"question {number}"}]) for number in range(12)}
SETTINGS = GenerationSettings(max_new_tokens=8)


class HaltingGenerator:
    """Answers from the last prompt to the first, so many at most, and writes down each question before it answers."""

    description = {"way": "halting", "model": "stand-in"}  # noqa: RUF012

    def __init__(self, log: Path, answers: int = len(PROMPTS), pause: float = 0.0):
        self.log = log
        self.answers = answers
        self.pause = pause
        self.closed = False

    def generate(self, prompts, settings):
        try:
            for index in reversed(range(len(prompts))):
                question = prompts[index].messages[0]["content"]
                with self.log.open("a") as file:
                    file.write(question + "\n")
                time.sleep(self.pause if len(prompts) - index <= self.answers else 600)
                yield Generated(index, (f"answer to {question} \ud800\u2028",), (3,), (True,))
        finally:
            self.closed = True


if __name__ == "__main__":
    answers, log, count = sys.argv[1:]
    generate_to_file(HaltingGenerator(Path(log), int(count)), PROMPTS, SETTINGS, answers)
