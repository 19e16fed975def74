"""Answers that outlive the process: every answer is a line of a file as soon as it is there.

In: a generator, prompts with ids, settings, and the file. Out: the answers of all prompts; those in the file are not
asked for again. The first line says what the answers depend on, each other line is one prompt:

    {"generator": {"way": "transformers", "model": "..."}, "settings": {"max_new_tokens": 1024, ...}}
    {"id": "simple_0", "texts": ["[f(a=1)]"], "tokens": [9], "finished": [true], "prompt": "52b0f21c2f0a7d9e"}
"""

import json
import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .prompts import Generated, GenerationSettings, Prompt, TextGenerator
from .running import with_progress


class AnswersFileError(ValueError):
    """The file holds something other than answers to these prompts by this generator with these settings."""


@dataclass(frozen=True)
class _Line:
    generated: Generated
    prompt: str


def generate_to_file(
    generator: TextGenerator,
    prompts: Mapping[str, Prompt],
    settings: GenerationSettings,
    path: str | Path,
    description: str = "Answering",
) -> dict[str, Generated]:
    """
    Answer the prompts that the file does not hold yet, and write each answer as it comes.

    Nothing is lost when the process is killed: a line that was cut off in the middle is removed at the next start, and
    the run goes on with what is missing. Answers to ids that are not among `prompts` stay in the file, unread.

    Args:
        generator ([`TextGenerator`]): Where the answers come from.
        prompts (`Mapping[str, Prompt]`): What to answer, by id.
        settings ([`GenerationSettings`]): How to answer.
        path (`str` or `Path`): JSONL file; it is made with its folder, or continued.
        description (`str`, *optional*): Words before the progress bar.

    Returns:
        `dict[str, Generated]`: By id, in the order of `prompts`.

    Raises:
        AnswersFileError: The file was written by another model, with other settings or for other prompts, or is no
            such file; says which and what differs. The file is left as it is.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Through JSON, so that it compares equal to what is read back.
    header = json.loads(json.dumps({"generator": generator.description, "settings": asdict(settings)}))
    lines = _read(path, header)
    for id, line in lines.items():
        if id in prompts and line.prompt != prompts[id].fingerprint:
            raise AnswersFileError(
                f"{path} answers another prompt under the id {id!r}: give another file, or delete this one"
            )
    answers = {id: line.generated for id, line in lines.items() if id in prompts}
    missing = [id for id in prompts if id not in answers]
    with path.open("a", encoding="utf-8") as file:
        if not file.tell():
            _write_line(file, header)
        if missing:
            stream = generator.generate([prompts[id] for id in missing], settings)
            with closing(stream):
                for answer in with_progress(stream, len(prompts), description, done=len(answers)):
                    id = missing[answer.index]
                    _write_line(file, _as_line(id, prompts[id], answer))
                    answers[id] = answer
    return {id: replace(answers[id], index=index) for index, id in enumerate(prompts)}


def _as_line(id: str, prompt: Prompt, answer: Generated) -> dict[str, Any]:
    return {
        "id": id,
        "texts": answer.texts,
        "tokens": answer.tokens,
        "finished": answer.finished,
        "prompt": prompt.fingerprint,
    }


def _write_line(file, content: dict) -> None:
    # ASCII only: a lone surrogate, which a cut-off answer can hold, has no bytes in UTF-8.
    file.write(json.dumps(content) + "\n")
    file.flush()


def _read(path: Path, header: dict) -> dict[str, _Line]:
    """The answers in the file by id; none if it is not there. A last line without its end is cut off the file."""
    content = path.read_bytes() if path.exists() else b""
    whole = content[: content.rfind(b"\n") + 1]
    lines = whole.decode("utf-8", errors="replace").splitlines()
    if lines:
        _check_header(path, lines[0], header)
    elif not json.dumps(header).encode().startswith(content):
        raise AnswersFileError(f"{path} is no file of answers: give another one")
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    answers = {}
    for number, text in enumerate(lines[1:], start=2):
        id, line = _read_line(path, number, text)
        answers[id] = line
    return answers


def _check_header(path: Path, line: str, header: dict) -> None:
    try:
        found = json.loads(line)
        there, now = _flat(found), _flat(header)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise AnswersFileError(f"{path} is no file of answers: give another one") from None
    differences = [
        f"{name} is {there.get(name, 'not given')!r} in the file and {now.get(name, 'not given')!r} now"
        for name in sorted(there.keys() | now.keys())
        if there.get(name, "not given") != now.get(name, "not given")
    ]
    if differences:
        raise AnswersFileError(
            f"{path} was written by another run: {'; '.join(differences)}. Give another file, delete this one, or go "
            "back to what it was written with."
        )


def _flat(header: dict) -> dict[str, Any]:
    return {f"{part}.{name}": value for part in ("generator", "settings") for name, value in header[part].items()}


def _read_line(path: Path, number: int, text: str) -> tuple[str, _Line]:
    try:
        line = json.loads(text)
        answer = Generated(0, tuple(line["texts"]), tuple(line["tokens"]), tuple(line["finished"]))
        return line["id"], _Line(answer, line["prompt"])
    except (ValueError, TypeError, KeyError):
        raise AnswersFileError(
            f"{path}, line {number} is no answer: {text[:80]!r}. Delete that line; its prompt is then asked again."
        ) from None
