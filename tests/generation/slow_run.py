"""A run that takes its time, for the test that kills it. In: the file to write, and one to log what is asked. Out: both.

It is a process of its own: `python -m tests.generation.slow_run ANSWERS LOG SECONDS`.
"""

import sys
import time
from pathlib import Path

from funreason_trl.generation import Generated, GenerationSettings, Prompt, generate_to_file


PROMPTS = {f"id-{number}": Prompt([{"role": "user", "content": f"question {number}"}]) for number in range(12)}
SETTINGS = GenerationSettings(max_new_tokens=8)


class SlowGenerator:
    """Answers from the last prompt to the first, and writes down each question before it answers."""

    description = {"way": "slow", "model": "stand-in"}  # noqa: RUF012

    def __init__(self, log: Path, seconds: float = 0.0):
        self.log = log
        self.seconds = seconds
        self.closed = False

    def generate(self, prompts, settings):
        try:
            for index in reversed(range(len(prompts))):
                question = prompts[index].messages[0]["content"]
                with self.log.open("a") as file:
                    file.write(question + "\n")
                time.sleep(self.seconds)
                yield Generated(index, (f"answer to {question} \ud800\u2028",), (3,), (True,))
        finally:
            self.closed = True


if __name__ == "__main__":
    answers, log, seconds = sys.argv[1:]
    generate_to_file(SlowGenerator(Path(log), float(seconds)), PROMPTS, SETTINGS, answers)
