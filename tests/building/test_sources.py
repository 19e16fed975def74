"""How many rows there are, where that is known without reading them."""

import gzip
import json

import pytest

from funreason_trl.building.build import build_dataset
from funreason_trl.building.options import BuildArguments
from funreason_trl.building.sources import source_size
from funreason_trl.data.sample import sample_rows


ROWS = list(sample_rows(7))


def size(source, **more):
    return source_size(BuildArguments(source=str(source), output="out", **more))


@pytest.mark.parametrize(("more", "rows"), [({}, 7), ({"limit": 5}, 5), ({"limit": 50}, 7), ({"shard": "3/3"}, 2)])
def test_of_lines(tmp_path, more, rows):
    (tmp_path / "rows.jsonl").write_text("\n\n".join(map(json.dumps, ROWS)))
    assert size(tmp_path / "rows.jsonl", **more) == rows


def test_of_other_files(tmp_path):
    with gzip.open(tmp_path / "rows.jsonl.gz", "wt") as file:
        file.write("\n".join(map(json.dumps, ROWS)))
    (tmp_path / "rows.json").write_text(json.dumps(ROWS))
    build_dataset(ROWS, tmp_path / "set", progress=False)
    assert size(tmp_path / "rows.jsonl.gz") == 7
    assert size(tmp_path / "rows.json") is None
    assert size(tmp_path / "set" / "data" / "train-00000-of-00001.parquet") == 7
    assert size(tmp_path / "set") is None
    assert size(tmp_path / "set", hard_pool=True, teacher="a") == 0
    assert (size("sample"), size("sample", limit=3)) == (2000, 3)
