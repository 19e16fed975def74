"""Hard rows are answered anew, the best of the samples is kept, and all that was said before stays on record."""

from dataclasses import replace

import pytest
from datasets import load_dataset

from funreason_trl.building.build import build_dataset
from funreason_trl.building.hard_pool import hard_candidate, read_hard_rows
from funreason_trl.calls import Call
from funreason_trl.data.rows import RowError, assistant_message
from funreason_trl.data.sample import sample_rows
from funreason_trl.fcdr.models import EndpointGone
from funreason_trl.fcdr.teacher import Teacher
from funreason_trl.fcdr.verdicts import Outcome, Stage
from funreason_trl.generation import GenerationSettings
from tests.fcdr.scripted import WEATHER, ScriptedJudge, ScriptedModel


THOUGHT = "The user asks for the weather in Oslo. So I call get_weather with Oslo."
WRONG = f"<think>{THOUGHT}</think>\n\n[get_weather(town='Oslo')]"
WORSE = f"<think>{THOUGHT}</think>\n\n[get_weather(city='Oslo'"
GOOD = f"<think>{THOUGHT}</think>\n\n[get_weather(city='Oslo')]"
BETTER = f"<think>{THOUGHT} Its name is city.</think>\n\n[get_weather(city='Oslo')]"
FOUR = GenerationSettings(max_new_tokens=64, temperature=0.8, samples=4)


def row(row_id="hard", **arguments):
    answer = assistant_message(THOUGHT, [Call("get_weather", arguments)], "")
    return {
        "messages": [{"role": "user", "content": "Weather in Oslo?"}, answer],
        "tools": [WEATHER],
        "id": row_id,
        "source": "test",
    }


@pytest.fixture
def first(tmp_path):
    """A dataset with one hard row, whose parameter has another name, and four good ones."""
    built = build_dataset([row(town="Oslo"), *sample_rows(4)], tmp_path / "first", progress=False)
    assert built.rows == {"train": 4, "rejected": 0, "hard": 1}
    return tmp_path / "first"


def again(first, output, *texts, judge=None):
    model = ScriptedModel(*texts)
    judges = {} if judge is None else {Stage.REASONING: judge, Stage.FUNCTION_AND_PARAMETER: judge}
    built = build_dataset(
        read_hard_rows(first),
        output,
        judges=judges,
        teacher=Teacher(model, FOUR),
        make_candidate=hard_candidate,
        max_regenerations=1,
        progress=False,
    )
    return built, model


def only(folder, split):
    (found,) = load_dataset(
        "parquet",
        data_files=str(folder / "data" / f"{split}-*.parquet"),
        split="train",
        cache_dir=str(folder / "cache"),
    )
    return found


def test_the_third_sample_rescues_the_row(first, tmp_path):
    built, model = again(first, tmp_path / "second", WRONG, WORSE, BETTER, WRONG)
    assert built.rows == {"train": 1, "rejected": 0, "hard": 0}
    kept = only(tmp_path / "second", "train")
    assert kept["messages"][-1]["tool_calls"][0]["function"]["arguments"] == {"city": "Oslo"}
    provenance = kept["provenance"]
    assert (provenance["round"], provenance["answer"]["sample"] % 4) == (1, 2)
    assert [sample["outcome"] for sample in provenance["answer"]["samples"]] == [
        "regenerate",
        "regenerate",
        "pass",
        "regenerate",
    ]
    (earlier,) = provenance["earlier"]
    assert earlier["round"] == 0 and earlier["verdicts"][-1]["stage"] == "function_and_parameter"
    # The teacher is told what was wrong, and nothing of the row is judged before it has answered.
    assert "missing_parameter" in model.asked[0][0][0]["content"] and len(model.asked) == 4
    assert [verdict["stage"] for verdict in provenance["verdicts"]] == [
        "reasoning",
        "function_and_parameter",
        "format",
    ]


def test_of_several_that_pass_the_best_score_is_kept_with_all_scores(first, tmp_path):
    class Scoring(ScriptedJudge):
        async def judge(self, stage, candidate):
            return replace(await super().judge(stage, candidate), score=0.9 if candidate.text == BETTER else 0.5)

    built, _ = again(first, tmp_path / "second", GOOD, BETTER, GOOD, WRONG, judge=Scoring())
    assert built.rows["train"] == 1
    provenance = only(tmp_path / "second", "train")["provenance"]
    assert [sample.get("score") for sample in provenance["answer"]["samples"]] == [0.5, 0.9, 0.5, 0.5]
    assert provenance["answer"]["sample"] % 4 == 1


def test_words_are_taken_only_if_no_sample_calls(first, tmp_path):
    words = "<think>The user asks for the weather. I can't tell it.</think>\n\nI can't tell the weather."
    built, _ = again(first, tmp_path / "second", words, WRONG, GOOD, words)
    assert built.tally.saved == 0 and only(tmp_path / "second", "train")["provenance"]["answer"]["sample"] % 4 == 2


def test_what_is_still_wrong_stays_hard_and_may_go_a_third_round(first, tmp_path):
    again(first, tmp_path / "second", WRONG, WRONG, WRONG, WORSE)
    hard = only(tmp_path / "second", "hard")["provenance"]
    assert hard["round"] == 1 and len(hard["earlier"]) == 1
    built, _ = again(tmp_path / "second", tmp_path / "third", BETTER, WRONG, WRONG, WRONG)
    assert built.rows["train"] == 1
    provenance = only(tmp_path / "third", "train")["provenance"]
    assert [before["round"] for before in provenance["earlier"]] == [0, 1] and provenance["round"] == 2


def test_a_second_start_asks_only_what_is_missing_and_writes_the_same(first, tmp_path):
    with pytest.raises(EndpointGone):
        again(first, tmp_path / "cut" / "set", WRONG, WORSE, EndpointGone("gone"))
    _, model = again(first, tmp_path / "cut" / "set", BETTER, WRONG)
    assert len(model.asked) == 2
    again(first, tmp_path / "whole" / "set", WRONG, WORSE, BETTER, WRONG)
    for name in ("data/train-00000-of-00001.parquet", "stats.json", "README.md", "errors.jsonl"):
        assert (tmp_path / "cut" / "set" / name).read_bytes() == (tmp_path / "whole" / "set" / name).read_bytes()


def test_the_calls_of_the_source_are_gold_again(tmp_path):
    """A row without reasoning, whose teacher answered wrongly, keeps what the source called."""
    asked = row(city="Oslo")
    del asked["messages"][-1]["reasoning_content"]
    other = BETTER.replace("'Oslo'", "'Rome'")
    model = ScriptedModel(*[other] * 4)
    build_dataset([asked], tmp_path / "first", teacher=Teacher(model), progress=False)
    (stored,) = read_hard_rows(tmp_path / "first")
    candidate = hard_candidate(stored)
    assert candidate.gold == [Call("get_weather", {"city": "Oslo"})]
    assert candidate.flaw.outcome is Outcome.REGENERATE and candidate.text == other


def test_a_number_too_big_for_arrow_comes_back(tmp_path):
    build_dataset([row(town="Oslo", days=10**30, share=-1.9502)], tmp_path / "first", progress=False)
    (stored,) = read_hard_rows(tmp_path / "first")
    arguments = stored["messages"][-1]["tool_calls"][0]["function"]["arguments"]
    assert arguments == {"town": "Oslo", "days": 10**30, "share": -1.9502}


def test_what_is_no_hard_pool_is_refused(first, tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no dataset of `funreason build`"):
        read_hard_rows(tmp_path)
    shard = first / "data" / "hard-00000-of-00001.parquet"
    shard.write_bytes((first / "data" / "train-00000-of-00001.parquet").read_bytes())
    with pytest.raises(RowError, match="not that of a hard row"):
        list(read_hard_rows(first))
