"""Pins every way that a row can take through the stages."""

import asyncio
from dataclasses import replace

import pytest

from funreason_trl.calls import Call
from funreason_trl.data.rendering import render_python
from funreason_trl.data.rows import message_calls
from funreason_trl.data.sample import sample_rows
from funreason_trl.fcdr.journal import Journal
from funreason_trl.fcdr.models import EndpointGone
from funreason_trl.fcdr.pipeline import inspect
from funreason_trl.fcdr.rules import RULES
from funreason_trl.fcdr.teacher import Teacher
from funreason_trl.fcdr.verdicts import Candidate, Outcome, Stage
from funreason_trl.generation import GenerationSettings
from funreason_trl.generation.client import EndpointError
from tests.fcdr.scripted import GOOD, ScriptedJudge, ScriptedModel, candidate, rules


PASS, SAVE, DROP, REGENERATE, ERROR = Outcome.PASS, Outcome.SAVE, Outcome.DROP, Outcome.REGENERATE, Outcome.ERROR
BERGEN = "<think>Bergen, then.</think>\n\n[get_weather(city='Bergen')]"
SAMPLED = GenerationSettings(temperature=1.0, samples=3)


def run(row=None, scripts=None, judges=None, teacher=None, **options):
    return asyncio.run(inspect(row or candidate(), rules(**(scripts or {})), judges or {}, teacher, **options))


def stages(inspected):
    return [verdict.stage for verdict in inspected.verdicts]


# ------------------------------------------------------------------------------------------------------------ rules


def test_a_row_that_passes_all_stages_is_kept():
    inspected = run()
    assert (inspected.status, stages(inspected), inspected.regenerations) == ("kept", list(Stage), 0)


def test_a_row_in_words_is_kept_as_it_is():
    inspected = run(scripts={"response": [SAVE]})
    assert (inspected.status, stages(inspected)) == ("kept", [Stage.RESPONSE])


@pytest.mark.parametrize(("verdict", "status"), [(PASS, "kept"), (DROP, "rejected")])
def test_words_of_another_than_the_source_must_be_thought_out(verdict, status):
    rollout = replace(candidate(), gold=[])
    inspected = run(rollout, scripts={"response": [SAVE], "reasoning": [verdict]})
    assert (inspected.status, stages(inspected)) == (status, [Stage.RESPONSE, Stage.REASONING])


@pytest.mark.parametrize("stage", Stage)
def test_a_dropped_row_goes_no_further(stage):
    inspected = run(scripts={stage.value: [DROP]})
    assert (inspected.status, stages(inspected)[-1]) == ("rejected", stage)
    assert len(inspected.verdicts) == list(Stage).index(stage) + 1


@pytest.mark.parametrize("stage", [Stage.FUNCTION_AND_PARAMETER, Stage.FORMAT])
def test_without_a_teacher_an_answer_to_regenerate_is_hard(stage):
    inspected = run(scripts={stage.value: [REGENERATE]})
    assert (inspected.status, inspected.verdicts[-1].stage, inspected.regenerations) == ("hard", stage, 0)


def test_an_answer_that_is_neither_calls_nor_words_is_hard_without_a_teacher():
    inspected = run(scripts={"response": [REGENERATE]})
    assert (inspected.status, stages(inspected)) == ("hard", [Stage.RESPONSE])


# ----------------------------------------------------------------------------------------------------------- judges


def test_judges_are_asked_after_the_rules_and_never_about_the_format():
    judge = ScriptedJudge()
    inspected = run(judges=dict.fromkeys(Stage, judge))
    assert inspected.status == "kept"
    assert [stage for _, stage, _ in judge.asked] == list(Stage)[:4]
    assert [verdict.judge for verdict in inspected.verdicts] == ["scripted"] * 4 + ["rules"]


def test_what_the_rules_turn_down_is_not_shown_to_a_judge():
    judge = ScriptedJudge()
    run(scripts={"reasoning": [DROP]}, judges={Stage.REASONING: judge})
    assert judge.asked == []


def test_each_stage_may_have_its_own_judge():
    strict, mild = ScriptedJudge(lambda stage, row: DROP, "strict"), ScriptedJudge(description="mild")
    inspected = run(judges={Stage.RESPONSE: mild, Stage.REASONING: strict})
    assert inspected.status == "rejected"
    assert [verdict.judge for verdict in inspected.verdicts] == ["mild", "rules", "strict"]


def test_a_judge_confirms_or_drops_a_row_in_words():
    for outcome, status, last in [(PASS, "kept", SAVE), (DROP, "rejected", DROP)]:
        judge = ScriptedJudge(lambda stage, row, outcome=outcome: outcome)
        inspected = run(scripts={"response": [SAVE]}, judges={Stage.RESPONSE: judge})
        assert (inspected.status, inspected.verdicts[-1].outcome) == (status, last)
        assert inspected.verdicts[-1].judge == "scripted"


@pytest.mark.parametrize("stage", list(Stage)[:4])
def test_a_judge_that_has_no_verdict_makes_an_error_and_no_rejection(stage):
    judge = ScriptedJudge(lambda *_: ERROR)
    inspected = run(judges={stage: judge}, teacher=Teacher(ScriptedModel()))
    assert (inspected.status, inspected.verdicts[-1].stage) == ("error", stage)


# ---------------------------------------------------------------------------------------------------- regeneration


@pytest.mark.parametrize("stage", [Stage.FUNCTION_AND_PARAMETER, Stage.FORMAT])
def test_a_regenerated_answer_goes_back_to_the_third_stage(stage):
    model = ScriptedModel(BERGEN)
    inspected = run(scripts={stage.value: [REGENERATE]}, teacher=Teacher(model))
    assert (inspected.status, inspected.regenerations) == ("kept", 1)
    before = list(Stage)[: list(Stage).index(stage) + 1]
    assert stages(inspected) == [*before, *list(Stage)[2:]]
    message = inspected.candidate.row["messages"][-1]
    assert message["reasoning_content"] == "Bergen, then."
    assert message_calls(message) == [Call("get_weather", {"city": "Bergen"})]
    assert inspected.candidate.text == BERGEN
    assert inspected.candidate.details["regenerations"] == 1
    assert "model" in inspected.candidate.details["teacher"]


def test_the_row_that_was_given_is_left_as_it_is():
    row = candidate()
    run(row, {"format": [REGENERATE]}, teacher=Teacher(ScriptedModel(BERGEN)))
    assert row == candidate()


def test_three_regenerations_and_no_more():
    model = ScriptedModel(*[GOOD] * 9)
    inspected = run(scripts={"function_and_parameter": [REGENERATE] * 9}, teacher=Teacher(model))
    assert (inspected.status, inspected.regenerations, len(model.texts)) == ("hard", 3, 6)
    assert len(inspected.verdicts) == 2 + 4 * 2


def test_no_answer_is_sampled_twice_in_a_build_and_those_on_its_hard_rows():
    numbers = []
    for round in range(3):
        model = ScriptedModel(*[GOOD] * 9)
        row = candidate(details={"round": round})
        run(row, {"function_and_parameter": [REGENERATE] * 10}, teacher=Teacher(model, SAMPLED))
        numbers += [number for _, _, number, _ in model.asked]
    assert len(numbers) == len(set(numbers)) == 3 * 3 * SAMPLED.samples


def test_a_judge_too_can_have_an_answer_regenerated():
    judge = ScriptedJudge(lambda stage, row: PASS if "Bergen" in row.text else REGENERATE)
    inspected = run(judges={Stage.FUNCTION_AND_PARAMETER: judge}, teacher=Teacher(ScriptedModel(GOOD, BERGEN)))
    assert (inspected.status, inspected.regenerations) == ("kept", 2)


def test_a_regenerated_answer_may_be_dropped():
    scripts = {"function_and_parameter": [REGENERATE], "reasoning": [PASS, DROP]}
    inspected = run(scripts=scripts, teacher=Teacher(ScriptedModel(GOOD)))
    assert (inspected.status, inspected.regenerations) == ("rejected", 1)


def test_the_teacher_is_told_the_fault_in_a_note_of_the_system():
    model = ScriptedModel(GOOD)
    run(scripts={"format": [REGENERATE]}, teacher=Teacher(model))
    ((messages, *_),) = model.asked
    assert [message["role"] for message in messages] == ["system", "user"]
    assert "scripted: " in messages[0]["content"] and "get_weather" in messages[0]["content"]
    assert messages[1]["content"] == "Weather in Oslo?"


def test_what_is_neither_calls_nor_words_meets_the_first_stage_again():
    inspected = run(scripts={"response": [REGENERATE]}, teacher=Teacher(ScriptedModel(GOOD)))
    assert inspected.status == "kept"
    assert stages(inspected) == [Stage.RESPONSE, Stage.QUERY_AND_TOOL, Stage.RESPONSE, *list(Stage)[2:]]
    inspected = run(scripts={"response": [REGENERATE, SAVE]}, teacher=Teacher(ScriptedModel("I can't.")))
    # Another's words are thought out like any answer.
    assert (inspected.status, [verdict.outcome for verdict in inspected.verdicts[-2:]]) == ("kept", [SAVE, PASS])
    assert inspected.verdicts[-1].stage is Stage.REASONING


def test_nothing_is_regenerated_for_a_query_that_is_dropped():
    model = ScriptedModel()
    inspected = run(scripts={"response": [REGENERATE], "query_and_tool": [DROP]}, teacher=Teacher(model))
    assert (inspected.status, model.asked) == ("rejected", [])


def test_after_a_fault_of_form_the_calls_are_the_gold_ones_and_after_another_they_are_not():
    for stage, gold in [("format", [Call("get_weather", {"city": "Oslo"})]), ("function_and_parameter", None)]:
        inspected = run(scripts={stage: [REGENERATE]}, teacher=Teacher(ScriptedModel(GOOD)))
        assert inspected.candidate.gold == gold


# --------------------------------------------------------------------------------------------------------- teacher


def test_a_row_without_reasoning_meets_the_teacher_after_the_second_stage():
    model = ScriptedModel(GOOD)
    inspected = run(candidate(reasoning=None), teacher=Teacher(model))
    assert (inspected.status, inspected.regenerations, stages(inspected)) == ("kept", 0, list(Stage))
    assert inspected.candidate.row["messages"][-1]["reasoning_content"] == "The user asks for Oslo."
    assert inspected.candidate.gold == [Call("get_weather", {"city": "Oslo"})]
    dropped = run(candidate(reasoning=None), {"query_and_tool": [DROP]}, teacher=Teacher(ScriptedModel()))
    assert dropped.status == "rejected"


def test_calls_that_the_rules_find_wrong_are_no_gold():
    scripts = {"function_and_parameter": [REGENERATE, PASS]}
    inspected = run(candidate(reasoning=None), scripts, teacher=Teacher(ScriptedModel(GOOD)))
    assert (inspected.status, inspected.candidate.gold) == ("kept", None)


def test_the_gold_answer_is_shown_only_to_rationalise():
    for rationalise in (True, False):
        model = ScriptedModel(GOOD)
        run(candidate(reasoning=None), teacher=Teacher(model, rationalise=rationalise))
        assert ('"city": "Oslo"' in model.asked[0][0][0]["content"]) is rationalise


def test_the_best_of_several_samples_is_kept():
    texts = [f"<think>{city}</think>\n\n[get_weather(city='{city}')]" for city in ("Rome", "Oslo", "Paris")]
    scores = {"Rome": 0.5, "Oslo": 0.9, "Paris": 0.9}

    class Scoring(ScriptedJudge):
        async def judge(self, stage, row):
            city = row.row["messages"][-1]["tool_calls"][0]["function"]["arguments"]["city"]
            # The better ones come last.
            await asyncio.sleep(scores[city] / 100)
            return replace(await super().judge(stage, row), score=scores[city])

    model = ScriptedModel(*texts)
    row = candidate(reasoning=None)
    inspected = run(row, judges={Stage.REASONING: Scoring()}, teacher=Teacher(model, SAMPLED))
    assert inspected.candidate.text == texts[1]
    assert inspected.candidate.details["sample"] == 1
    assert [number for _, _, number, _ in model.asked] == [0, 1, 2]


@pytest.mark.parametrize(
    ("outcomes", "status", "chosen"),
    [
        ((DROP, PASS, ERROR), "kept", 1),
        ((DROP, REGENERATE, ERROR), "error", 2),
        ((DROP, DROP, DROP), "rejected", 0),
        ((DROP, REGENERATE, REGENERATE), "hard", 1),
    ],
)
def test_of_samples_that_fail_the_one_with_the_best_prospects_counts(outcomes, status, chosen):
    texts = [f"<think>{number}</think>\n\n[get_weather(city='Oslo')]" for number in range(3)]
    judge = ScriptedJudge(lambda stage, row: outcomes[int(row.row["messages"][-1]["reasoning_content"])])
    teacher = Teacher(ScriptedModel(*texts), SAMPLED)
    inspected = run(candidate(reasoning=None), judges={Stage.REASONING: judge}, teacher=teacher, max_regenerations=0)
    assert (inspected.status, inspected.candidate.text) == (status, texts[chosen])


def test_a_teacher_that_does_not_answer_makes_an_error():
    teacher = Teacher(ScriptedModel(EndpointError("down")))
    inspected = run(candidate(reasoning=None), teacher=teacher)
    assert (inspected.status, inspected.verdicts[-1].reason) == ("error", "no_answer")


def test_a_teacher_that_is_gone_ends_the_run():
    with pytest.raises(EndpointGone):
        run(candidate(reasoning=None), teacher=Teacher(ScriptedModel(EndpointGone("gone"))))


@pytest.mark.parametrize(
    "text", ["", "<think>never closed", "</think>", "[get_weather(", "\ud800", "<think>a</think>" * 1000, "x" * 2**20]
)
def test_whatever_a_teacher_writes_becomes_a_candidate(text):
    inspected = run(candidate(reasoning=None), teacher=Teacher(ScriptedModel(text)))
    assert inspected.candidate.text == text
    assert inspected.candidate.row["messages"][-1]["role"] == "assistant"


# --------------------------------------------------------------------------------------------------------- journal


def test_verdicts_and_answers_that_are_on_file_are_not_asked_for_again(tmp_path):
    results = []
    judge = ScriptedJudge(
        lambda stage, row: REGENERATE if stage is Stage.FUNCTION_AND_PARAMETER and row.text == GOOD else PASS
    )
    model = ScriptedModel(BERGEN)
    for _ in range(2):
        with Journal(tmp_path / "journal") as journal:
            judges = {stage: judge.recorded(journal) for stage in list(Stage)[:4]}
            results.append(run(judges=judges, teacher=Teacher(model).recorded(journal)))
    assert results[0] == results[1]
    assert results[0].regenerations == 1
    assert (len(judge.asked), len(model.asked)) == (6, 1)


def test_errors_are_asked_for_again(tmp_path):
    judge = ScriptedJudge(lambda stage, row: ERROR)
    with Journal(tmp_path / "journal") as journal:
        recorded = {Stage.REASONING: judge.recorded(journal)}
        assert run(judges=recorded).status == "error"
        judge.script = lambda stage, row: PASS
        assert run(judges=recorded).status == "kept"
        assert run(judges=recorded).status == "kept"
    assert len(judge.asked) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"id": "1"},
        {"query": "Weather in Rome?"},
        {"reasoning": "Other."},
        {"text": "other"},
        {"gold": []},
        {"words": "!"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_row_is_judged_anew(tmp_path, change):
    judge = ScriptedJudge()
    with Journal(tmp_path / "journal") as journal:
        recorded = {Stage.REASONING: judge.recorded(journal)}
        run(judges=recorded)
        run(candidate(**change), judges=recorded)
        other = {Stage.REASONING: ScriptedJudge(description="another").recorded(journal)}
        run(judges=other)
    assert len(judge.asked) == 2
    assert len(other[Stage.REASONING].inner.asked) == 1


def test_a_changed_prompt_is_asked_anew(tmp_path, monkeypatch):
    judge = ScriptedJudge()
    with Journal(tmp_path / "journal") as journal:
        recorded = {Stage.REASONING: judge.recorded(journal)}
        run(judges=recorded)
        monkeypatch.setattr("funreason_trl.fcdr.judges.prompt_version", lambda stage: "2-new")
        run(judges=recorded)
    assert len(judge.asked) == 2


def test_more_samples_than_before_are_only_the_missing_ones(tmp_path):
    model = ScriptedModel(*[GOOD] * 9)
    with Journal(tmp_path / "journal") as journal:
        for samples in (2, 3):
            teacher = Teacher(model, GenerationSettings(temperature=1.0, samples=samples)).recorded(journal)
            run(candidate(reasoning=None), teacher=teacher)
    assert [number for _, _, number, _ in model.asked] == [0, 1, 2]


def test_the_packages_own_rules_fit_in():
    row = next(iter(sample_rows(1)))
    text = render_python(row)[-1]["completion"][0]["content"]
    inspected = asyncio.run(inspect(Candidate(row, text), RULES, {stage: ScriptedJudge() for stage in Stage}))
    assert (inspected.status, stages(inspected)) == ("kept", list(Stage))
