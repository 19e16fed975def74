"""The funnel counts every row once, and the card says so in a form that the Hub reads."""

import pytest
import yaml
from huggingface_hub import DatasetCard

from funreason_trl.building.card import write_card
from funreason_trl.building.funnel import Funnel
from funreason_trl.fcdr.verdicts import Outcome, Stage, Verdict


@pytest.fixture
def funnel():
    funnel = Funnel()
    passed = [Verdict(stage, Outcome.PASS) for stage in Stage]
    funnel.add("kept", passed)
    funnel.add("kept", [Verdict(Stage.RESPONSE, Outcome.SAVE, "words")])
    dropped = Verdict(Stage.QUERY_AND_TOOL, Outcome.DROP, "unlisted_tool", "f | g is not listed")
    funnel.add("rejected", [passed[0], dropped])
    again = Verdict(Stage.FUNCTION_AND_PARAMETER, Outcome.REGENERATE, "wrong_type")
    funnel.add("kept", [*passed[:3], again, *passed[2:]], regenerations=1)
    funnel.add("exact copy")
    return funnel


def test_counts(funnel):
    counted = funnel.as_dict()
    assert counted["rows"] == {"exact copy": 1, "kept": 3, "rejected": 1}
    assert (counted["saved"], counted["regenerated"]) == (1, 1)
    assert counted["stages"]["response"]["verdicts"] == {"pass": 3, "save": 1}
    assert counted["stages"]["query_and_tool"] == {
        "verdicts": {"drop": 1, "pass": 2},
        "reasons": {"unlisted_tool": 1},
    }
    assert counted["stages"]["reasoning"]["verdicts"] == {"pass": 3}
    assert list(counted["stages"]) == [str(stage) for stage in Stage]


def test_card(funnel, tmp_path):
    lengths = {"rows": 3, "unit": "words", "think_mean": 12.5, "think_median": 12, "call_mean": 3.0, "call_median": 3}
    splits = {"train": 3, "rejected": 1, "hard": 0}
    write_card(tmp_path, "my rows", splits, funnel, lengths, {"source": "rows.jsonl", "judge": "rules"})
    card = DatasetCard.load(tmp_path / "README.md")
    assert card.data.pretty_name == "my rows" and "license" not in card.data.to_dict()
    _, metadata, _ = (tmp_path / "README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(metadata)["configs"][0]["data_files"][2] == {"split": "hard", "path": "data/hard-*.parquet"}
    assert "| query and tool | 2 | 0 | 1 | 0 | 0 | unlisted_tool 1 |" in card.text
    assert "| think_mean | 12.5 | 350.74 |" in card.text
    assert "| source | rows.jsonl |" in card.text
    assert (tmp_path / "funnel.png").read_bytes().startswith(b"\x89PNG")
