"""Pins the reading of `scores.json`: whose scores they are, how models are called, and what is refused."""

import json
from pathlib import Path

import pytest

from funreason_trl.evaluation.scores_file import ScoresError, against, read_scores, scores_of_another
from tests.evaluation.written_scores import BASE, scores, scores_of_three


def test_the_first_scores_are_those_of_the_model(tmp_path):
    models = read_scores(scores_of_three(tmp_path))
    assert [model.label for model in models] == ["this model", f"base model, {BASE}", "plain SFT"]
    assert against(models[0], models[1])["multiple"]["difference"] == pytest.approx(0.2)
    assert "multiple" not in against(models[0], models[2])


def test_a_model_that_was_trained_plainly_is_called_so(tmp_path):
    (tmp_path / "sft").mkdir()
    (tmp_path / "sft/funreason_run.json").write_text(json.dumps({"version": 1, "loss": {"balance": "token"}}))
    first = scores(tmp_path / "a.json", "run", {"overall": 80})
    second = scores(tmp_path / "b.json", str(tmp_path / "sft"), {"overall": 70})
    assert [model.label for model in read_scores([first, second])] == ["this model", "plain SFT, sft"]


def test_scores_that_look_like_those_of_another_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    for name, told in {
        "run": False,
        str(tmp_path / "run"): False,
        "alice/caller": False,
        "run/checkpoint-1": True,
    }.items():
        found = read_scores([scores(tmp_path / "scores.json", name, {"overall": 80})])
        hint = scores_of_another(found, Path("run"), "alice/caller")
        assert (hint is not None) == told, name
    assert "are of run/checkpoint-1, and the model is run;" in hint
    assert scores_of_another([], Path("run"), "alice/caller") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "has no `settings` and `scores`"),
        ('{"settings": {"model": "m"}, "scores": {}}', "has no scores of 'm'; let `funreason eval` come to its end"),
        ('{"settings": [], "scores": {}}', r"scores\.json: `settings` is \[\], not an object"),
        ('{"settings": {}, "scores": {}}', "`settings.model` is null, not a text"),
        ('{"settings": {"model": "m", "limit": "x"}, "scores": {}}', '`settings.limit` is "x", not a whole number'),
        ('{"settings": {"model": "m"}, "scores": {"m": 0.5}}', r"`scores.m` is 0\.5, not an object"),
        (
            '{"settings": {"model": "m"}, "scores": {"m": {"overall": 0.5}}}',
            r"`scores.m.overall` is 0\.5, not an object",
        ),
        ('{"settings": {"model": "m"}, "scores": {"m": {"overall": {}}}}', "`scores.m.overall.accuracy` is null"),
        (
            '{"settings": {"model": "m"}, "scores": {}, "verdicts": {"m": {"a": 1}}}',
            "`verdicts.m.a` is 1, not an object",
        ),
        ('{"options": {}, "before": {}, "after SRML": {}, "rows": 0}', "`rows` is 0, not a number of rows"),
        ('{"options": {}, "before": {}, "after SRML": {}, "rows": 1}', "`before` has no number `calls_right`"),
    ],
)
def test_files_that_are_no_scores(tmp_path, content, message):
    (tmp_path / "scores.json").write_text(content)
    with pytest.raises(ScoresError, match=message):
        read_scores([str(tmp_path)])
    with pytest.raises(ScoresError, match=r"other/scores\.json is not there|other is not there"):
        read_scores([str(tmp_path / "other")])
