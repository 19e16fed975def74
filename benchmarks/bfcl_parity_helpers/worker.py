"""Judges answers from a file with one of the two checkers, under limits; standard library only.

    python worker.py official judge ANSWERS VERDICTS START     # a line {n, decoded, valid, error} or {…, raised} each
    python worker.py ours time ANSWERS SECONDS 0               # processor seconds for all of them, decoding and checking

In: JSON lines {n, category, id, text, underscored}. Out: JSON lines, each written before the next answer is read, so
that a process which dies or hangs names its answer by the length of its file.
"""

import hashlib
import importlib
import json
import resource
import sys
from time import process_time


MEMORY_BYTES = 3 * 2**30
WARM_UP = 500


def main() -> None:
    checker, mode, answers_file, output_file, start = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Lone surrogates are legal in JSON escapes, hence in answers; both files are ASCII.
    with open(answers_file) as file:
        answers = [json.loads(line) for line in file]
    categories = sorted({answer["category"] for answer in answers})
    module = importlib.import_module(checker)
    judge = module.build_judge(categories)
    sys.stdout = sys.stderr  # The official converters print.
    with open(output_file, "a") as output:
        if mode == "time":
            output.write(json.dumps(seconds_for(judge, answers)) + "\n")
            return
        for answer in answers[int(start) :]:
            decoded = decoded_form(module.decode, answer)
            output.write(json.dumps({"n": answer["n"], "decoded": decoded, **verdict(judge, answer)}) + "\n")
            output.flush()


def verdict(judge, answer: dict) -> dict:
    try:
        return judge(answer)
    except Exception as error:
        return {"raised": type(error).__name__}


def decoded_form(decode, answer: dict) -> str:
    """What the answer was read as, to tell two readings apart; empty for no calls, for whatever reason."""
    try:
        calls = decode(answer)
    except Exception:
        return ""
    try:
        shown = repr(calls) if calls else ""
    except ValueError:
        return "a number too large to show"
    return shown if len(shown) < 500 else hashlib.sha256(shown.encode("utf-8", "replace")).hexdigest()


def seconds_for(judge, answers: list) -> float:
    for answer in answers[:WARM_UP]:
        verdict(judge, answer)
    started = process_time()
    for answer in answers:
        verdict(judge, answer)
    return process_time() - started


if __name__ == "__main__":
    main()
