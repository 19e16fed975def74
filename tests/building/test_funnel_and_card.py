"""The funnel counts every row once, and the card says so in a form that the Hub reads."""

from collections import Counter

import pytest
import yaml
from huggingface_hub import DatasetCard

from funreason_trl.building.card import write_card
from funreason_trl.building.funnel import funnel_dict
from funreason_trl.fcdr.pipeline import Inspected
from funreason_trl.fcdr.tally import Tally
from funreason_trl.fcdr.verdicts import Candidate, Outcome, Stage, Verdict


LEFT_OUT = Counter({"exact copy": 1})


@pytest.fixture
def tally():
    tally = Tally()
    candidate = Candidate({"id": "0"}, "")
    passed = [Verdict(stage, Outcome.PASS) for stage in Stage]
    tally.add(Inspected(candidate, "kept", passed))
    tally.add(Inspected(candidate, "kept", [Verdict(Stage.RESPONSE, Outcome.SAVE, "words")]))
    dropped = Verdict(Stage.QUERY_AND_TOOL, Outcome.DROP, "unlisted_tool", "f is not listed")
    tally.add(Inspected(candidate, "rejected", [passed[0], dropped]))
    again = Verdict(Stage.FUNCTION_AND_PARAMETER, Outcome.REGENERATE, "wrong_type")
    tally.add(Inspected(candidate, "kept", [*passed[:3], again, *passed[2:]], regenerations=1))
    return tally


def test_counts(tally):
    counted = funnel_dict(tally, LEFT_OUT)
    assert counted["left_out"] == {"exact copy": 1}
    assert counted["inspected"] == {"kept": 3, "rejected": 1}
    assert (counted["kept_without_call"], counted["regenerated"]) == (1, 1)
    assert counted["stages"]["response"]["verdicts"] == {"pass": 3, "save": 1, "drop": 0, "regenerate": 0, "error": 0}
    assert counted["stages"]["query_and_tool"]["reasons"] == {"unlisted_tool": 1}
    assert list(counted["stages"]) == [str(stage) for stage in Stage]


def test_card(tally, tmp_path):
    lengths = {"rows": 3, "unit": "words", "think_mean": 12.5, "think_median": 12, "call_mean": 3.0, "call_median": 3}
    splits = {"train": 3, "rejected": 1, "hard": 0}
    made = {"source": "rows.jsonl", "judge": "rules"}
    write_card(tmp_path, "my rows", splits, tally, LEFT_OUT, lengths, made)
    card = DatasetCard.load(tmp_path / "README.md")
    assert card.data.pretty_name == "my rows" and "license" not in card.data.to_dict()
    _, metadata, _ = (tmp_path / "README.md").read_text().split("---\n", 2)
    files = yaml.safe_load(metadata)["configs"][0]["data_files"]
    assert files == [
        {"split": split, "path": f"data/{split}-*.parquet"} for split in ("train", "rejected")
    ]  # none hard
    assert "| query and tool | 2 | 0 | 0 | 1 | 0 | unlisted tool 1 |" in card.text
    assert "| left out: exact copy | 1 |" in card.text
    assert "| think_mean | 12.5 | 350.74 |" in card.text
    assert "| source | rows.jsonl |" in card.text
    assert "`funreason train` renders them" in card.text
    assert (tmp_path / "funnel.png").read_bytes().startswith(b"\x89PNG")
