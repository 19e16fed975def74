"""Read function-calling data, wherever it comes from, into canonical rows.

In: a .jsonl, .json or .parquet file (the first two may be gzipped), a folder that `datasets.load_dataset` understands,
or a dataset on the Hub, in any of the formats of [`~funreason_trl.data.formats`]. Out: canonical rows
([`~funreason_trl.data.rows`]), one at a time, or a dataset of them.

    for row in read_rows("train.jsonl"): ...              stops at the first bad row, with file, line and field
    report = ReadReport()
    rows = read_rows("train.jsonl", on_error="count", report=report)      skips bad rows and counts them
    dataset = load_rows("Salesforce/xlam-function-calling-60k")           ready to render and to train on

Memory does not grow with the number of rows. What makes a row bad: JSON or UTF-8 that is broken, an unknown shape, tools
or calls that can't be read, an assistant turn with neither calls nor words. A call to a tool that the row does not list
is read as it stands: to find those is the work of data refinement.
"""

import codecs
import gzip
import io
import json
import logging
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow
import pyarrow.parquet
from datasets import Dataset, Features, IterableDataset, load_dataset

from funreason_trl.data.arrow import exact, json_columns, without_absent
from funreason_trl.data.formats import FORMATS, convert_record
from funreason_trl.data.rows import ROW_FEATURES, RowError, check_row, to_dataset
from funreason_trl.tools.normalize import brief


logger = logging.getLogger(__name__)

TEXT_SUFFIXES = (".jsonl", ".json", ".jsonl.gz", ".json.gz")
MAX_ROW_BYTES = 32 * 2**20  # no real row comes near; a file without line breaks must not fill the memory
CHUNK_CHARS = 2**18
JSON_DECODER = json.JSONDecoder()
KEPT_ERRORS = 100


@dataclass
class ReadReport:
    """
    What a reader found, filled in while it is read from.

    Attributes:
        read (`int`): Rows that were read.
        skipped (`int`): Rows that were not, with `on_error="count"`.
        errors (`list[RowError]`): Why, for the first 100 of them.
    """

    read: int = 0
    skipped: int = 0
    errors: list[RowError] = field(default_factory=list)


def read_rows(
    source: str | Path,
    *,
    format: str = "auto",
    split: str = "train",
    on_error: str = "raise",
    report: ReadReport | None = None,
) -> Iterator[dict]:
    """
    Read rows one at a time.

    Args:
        source (`str` or `Path`):
            A file, a folder, or the name of a dataset on the Hub.
        format (`str`, *optional*, defaults to `"auto"`):
            `"xlam"`, `"openai"`, `"sharegpt"`, `"bfcl"`, or `"auto"` to recognise each row by its keys. A BFCL file
            takes its answers from `possible_answer/` beside it, if there is one.
        split (`str`, *optional*, defaults to `"train"`):
            Split to read of a folder or a Hub dataset. A file is one split, `"train"`.
        on_error (`str`, *optional*, defaults to `"raise"`):
            `"raise"` stops at a bad row; `"count"` skips it, counts it and logs the sum at the end.
        report (`ReadReport`, *optional*):
            Filled in while rows are read.

    Returns:
        `Iterator[dict]`: canonical rows. `id` is the record's own, else its number; `source` its own, else the file.

    Raises:
        `FileNotFoundError`: the file is not there.
        `RowError`: a bad row (with `on_error="raise"`), or a source with no rows at all or that can't be unpacked.
        `ValueError`: an argument out of its range, a file of another kind, or another split of a single file.
    """
    if format not in ("auto", *FORMATS):
        raise ValueError(f"format={format!r}: use 'auto' or one of {FORMATS}")
    if on_error not in ("raise", "count"):
        raise ValueError(f"on_error={on_error!r}: use 'raise' or 'count'")
    records = _open_records(source, split)
    return _rows(records, str(source), format, on_error, ReadReport() if report is None else report)


def load_rows(
    source: str | Path,
    *,
    format: str = "auto",
    split: str = "train",
    on_error: str = "raise",
    streaming: bool = False,
) -> Dataset | IterableDataset:
    """
    Read rows into a dataset.

    Args:
        source, format, split, on_error:
            As in [`read_rows`].
        streaming (`bool`, *optional*, defaults to `False`):
            Whether to read while training, instead of once before it.

    Returns:
        `datasets.Dataset`, or `datasets.IterableDataset` if streaming: with
        [`~funreason_trl.data.rows.ROW_FEATURES`].

    Raises:
        The errors of [`read_rows`]; about rows, as late as they are read if streaming.
    """
    # Also when streaming, so that a wrong path fails here and not in the training loop.
    rows = read_rows(source, format=format, split=split, on_error=on_error)
    if not streaming:
        return to_dataset(rows)
    arguments = {"source": source, "format": format, "split": split, "on_error": on_error}
    return IterableDataset.from_generator(read_rows, features=ROW_FEATURES, gen_kwargs=arguments)


def open_binary(path: Path) -> BinaryIO:
    """
    Open a file for reading, and unpack it on the way if its name ends in `.gz`.

    Args:
        path (`Path`): A file that exists.

    Returns:
        `BinaryIO`: Its bytes, unpacked; broken gzip data is found out while they are read.
    """
    return gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb")  # type: ignore[return-value]


def _rows(records: Iterator[tuple[str, Any]], source: str, format: str, on_error: str, report: ReadReport):
    for i, (place, record) in enumerate(records):
        try:
            row = _canonical_row(record, format, str(i), Path(source).name)
        except RowError as error:
            if on_error == "raise":
                raise error.at(place) from None
            report.skipped += 1
            if len(report.errors) < KEPT_ERRORS:
                report.errors.append(error.at(place))
            continue
        report.read += 1
        yield row
    if report.read + report.skipped == 0:
        raise RowError("(file)", "no rows", "check that this is the right file and that it was downloaded", source)
    if report.skipped:
        logger.warning(
            "%s: %d rows read, %d bad rows skipped; the first: %s",
            source,
            report.read,
            report.skipped,
            report.errors[0],
        )


def _canonical_row(record: Any, format: str, number: str, source: str) -> dict:
    if isinstance(record, RowError):
        raise record
    try:
        messages, tools = convert_record(record, format)
        own_id, own_source = record.get("id"), record.get("source")
        row = {
            "messages": messages,
            "tools": tools,
            "id": number if own_id is None or own_id == "" else str(own_id),
            "source": own_source if isinstance(own_source, str) and own_source.strip() else source,
        }
        check_row(row)
    except RecursionError:
        raise RowError("(record)", "nested too deeply", "flatten it") from None
    return row


# ------------------------------------------------------------------------------- records: (place, record or its error)


def _open_records(source: str | Path, split: str) -> Iterator[tuple[str, Any]]:
    if not str(source):
        raise ValueError("source='': give a file, a folder or the name of a Hub dataset")
    path = Path(source).expanduser()
    if path.is_dir():
        return _dataset_records(str(path), split)
    if path.is_file() and split != "train":  # the whole file would pass for the rows of any split, a typo's too
        mend = f"leave split at 'train', or give a folder with a file for each split, such as {split}.jsonl"
        raise ValueError(f"split={split!r}: {path} is a single file, which has no splits; {mend}")
    if path.name.endswith(".parquet") and path.is_file():
        return _parquet_records(path)
    if path.name.endswith(TEXT_SUFFIXES) and path.is_file():
        return _with_possible_answers(path, _text_records(path))
    if path.exists():
        raise ValueError(f"{path}: can't read files of this kind; give {', '.join(TEXT_SUFFIXES)} or .parquet")
    looks_like_path = path.name.endswith((*TEXT_SUFFIXES, ".parquet")) or str(source).count("/") > 1
    if looks_like_path or str(source).startswith((".", "/", "~")):
        raise FileNotFoundError(f"{source}: no such file; give a file that exists or the name of a Hub dataset")
    return _dataset_records(str(source), split)


def _text_records(path: Path) -> Iterator[tuple[str, Any]]:
    """A JSON array if that is how the file begins, else one JSON object a line; whatever the suffix says."""
    with open_binary(path) as stream:
        try:
            first = stream.read(1024).removeprefix(codecs.BOM_UTF8).lstrip()
            stream.seek(0)
            yield from (_array_records if first.startswith(b"[") else _line_records)(path, stream)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise RowError("(file)", f"broken gzip data ({error})", "download it again", str(path)) from None


def _line_records(path: Path, stream: BinaryIO) -> Iterator[tuple[str, Any]]:
    number = 0
    while line := stream.readline(MAX_ROW_BYTES):
        number += 1
        place = f"{path}:{number}"
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if len(line) == MAX_ROW_BYTES and not line.endswith(b"\n"):
            yield place, RowError("(line)", f"longer than {MAX_ROW_BYTES:,} bytes", "write one object per line")
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_ROW_BYTES)
        elif line.strip():
            yield place, _parse_line(line)


def _parse_line(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 (byte {error.object[error.start]:#04x} at position {error.start})"
        return RowError("(line)", problem, "save the file as UTF-8")
    except json.JSONDecodeError as error:
        problem = f"not JSON ({error.msg} at column {error.colno}): {brief(error.doc)}"
        return RowError("(line)", problem, "write one whole object per line, or one array")
    except (RecursionError, ValueError) as error:  # a ValueError of its own for integers of over 4300 digits
        return RowError("(line)", f"not readable ({error})", "flatten the object, shorten its numbers")


def _array_records(path: Path, stream: BinaryIO) -> Iterator[tuple[str, Any]]:
    """One item at a time; the standard library would hold the whole array."""
    text, number = io.TextIOWrapper(stream, encoding="utf-8-sig"), 0
    try:
        buffer = _filled(text, "")[1:]
        while not (buffer := _filled(text, buffer)).startswith("]"):
            if number > 0:
                if not buffer.startswith(","):
                    raise ValueError(f"expected a comma, found {brief(buffer[:20])}")
                buffer = _filled(text, buffer[1:])
            item, buffer = _next_item(text, buffer)
            number += 1
            yield f"{path}: item {number}", item
    except UnicodeDecodeError as error:
        place = f"{path}: after item {number}"
        raise RowError("(file)", f"not UTF-8 ({error.reason})", "save the file as UTF-8", place) from None
    except (ValueError, RecursionError) as error:
        place = f"{path}: after item {number}"
        raise RowError("(file)", f"broken JSON array ({error})", "repair the file", place) from None


def _filled(text: io.TextIOWrapper, buffer: str) -> str:
    """The buffer from its next character that is not white space, read on if need be; empty at the end."""
    while not (buffer := buffer.lstrip()) and (more := text.read(CHUNK_CHARS)):
        buffer = more
    return buffer


def _next_item(text: io.TextIOWrapper, buffer: str) -> tuple[Any, str]:
    while True:
        try:
            item, end = JSON_DECODER.raw_decode(buffer)
            return item, buffer[end:]
        except json.JSONDecodeError:
            # Cut off or broken? Reading on tells; doubling keeps the repeated attempts linear.
            more = text.read(max(CHUNK_CHARS, len(buffer))) if len(buffer) < MAX_ROW_BYTES else ""
            if not more:
                raise
            buffer += more


def _parquet_records(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        file, number = pyarrow.parquet.ParquetFile(path), 0
        # `datasets` writes down which texts are JSON.
        written_by_datasets = b"huggingface" in (file.schema_arrow.metadata or {})
        features = json_columns(Features.from_arrow_schema(file.schema_arrow)) if written_by_datasets else Features()
        for batch in file.iter_batches(batch_size=64):
            for record in batch.to_pylist():
                number += 1
                record |= features.decode_example({key: record[key] for key in features})
                yield f"{path}:{number}", without_absent(record, features)
    # Arrow does not look into strings when it opens a file; it is Python that finds them not to be UTF-8.
    except (pyarrow.ArrowException, UnicodeDecodeError, OSError) as error:
        raise RowError("(file)", f"not a readable parquet file ({error})", "download it again", str(path)) from None


def _dataset_records(name: str, split: str) -> Iterator[tuple[str, Any]]:
    dataset = load_dataset(name, split=split, streaming=True)
    if dataset.features is not None:
        dataset = dataset.cast(exact(dataset.features))
    for i, record in enumerate(dataset, start=1):
        yield f"{name}[{split}]:{i}", without_absent(record, dataset.features)


def _with_possible_answers(path: Path, records: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """BFCL keeps its answers in a second file of the same name; at most some thousand, so they fit in memory."""
    answers_path = path.parent / "possible_answer" / path.name
    answers: dict[str | int, Any] = {}
    if answers_path.is_file():
        answers = dict(_possible_answer(answer, place) for place, answer in _text_records(answers_path))
    for place, record in records:
        yield place, _answered(record, answers) if answers else record


def _possible_answer(answer: Any, place: str) -> tuple[str | int, Any]:
    if isinstance(answer, RowError):
        raise answer.at(place)
    mend = 'write {"id": ..., "ground_truth": [...]}, with the id of a question'
    if not isinstance(answer, dict) or "ground_truth" not in answer:
        raise RowError("ground_truth", f"missing in {brief(answer)}", mend, place)
    if not isinstance(answer.get("id"), str | int):
        raise RowError("id", f"expected a string or a number, got {brief(answer.get('id'))}", mend, place)
    return answer["id"], answer["ground_truth"]


def _answered(record: Any, answers: dict[str | int, Any]) -> Any:
    # A record that is no BFCL question may have an id of any kind.
    if not isinstance(record, dict) or not isinstance(record.get("id"), str | int) or record["id"] not in answers:
        return record
    return {"ground_truth": answers[record["id"]], **record}
