"""The options of `funreason build`: judges of single stages, models with addresses, and what is refused by name."""

import pytest

from funreason_trl.building.asking import make_judges_and_teacher
from funreason_trl.building.options import BuildArguments
from funreason_trl.fcdr.judges import EndpointJudge, EnsembleJudge
from funreason_trl.fcdr.verdicts import Stage
from funreason_trl.scripts.build import option_parser


URL, OTHER = "http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"


def options(**more):
    return BuildArguments(source="sample", output="out", **more)


def parsed(tmp_path, text, *line):
    (tmp_path / "build.yaml").write_text(f"source: sample\noutput: out\n{text}")
    (arguments,) = option_parser().read(["--config", str(tmp_path / "build.yaml"), *line])
    return arguments


def test_each_stage_has_the_judge_that_was_chosen_for_it():
    arguments = options(
        judge="endpoint",
        judge_models=["qwen"],
        base_url=URL,
        stage_judges=["query_and_tool=rules", f"reasoning=qwen,llama@{OTHER}"],
        threshold=0.7,
        teacher="qwen",
    )
    judges, teacher = make_judges_and_teacher(arguments)
    assert list(judges) == [Stage.RESPONSE, Stage.REASONING, Stage.FUNCTION_AND_PARAMETER]
    assert isinstance(judges[Stage.RESPONSE], EndpointJudge)
    assert isinstance(judges[Stage.REASONING], EnsembleJudge) and judges[Stage.REASONING].threshold == 0.7
    qwen, llama = judges[Stage.REASONING].models
    assert (qwen.description, llama.description) == ("endpoint qwen", "endpoint llama")
    assert arguments.address("qwen") == ("qwen", URL) and arguments.address(f"llama@{OTHER}") == ("llama", OTHER)
    # One model, one bound on its requests: whoever asks it.
    assert judges[Stage.FUNCTION_AND_PARAMETER].models == (qwen,) == teacher.models


def test_single_stages_may_be_judged_where_rules_decide_the_others():
    judges, _ = make_judges_and_teacher(options(stage_judges=["reasoning=qwen"], base_url=URL))
    assert list(judges) == [Stage.REASONING]


def test_yaml_may_hold_a_mapping_and_single_names(tmp_path):
    text = f"judge: endpoint\njudge_models: qwen@{URL}\ncontamination: none\nstage_judges:\n  reasoning: [a@{URL}, b@{URL}]\n"
    arguments = parsed(tmp_path, text + "  query_and_tool: rules\n")
    assert arguments.judges() == {
        Stage.RESPONSE: [f"qwen@{URL}"],
        Stage.QUERY_AND_TOOL: [],
        Stage.REASONING: [f"a@{URL}", f"b@{URL}"],
        Stage.FUNCTION_AND_PARAMETER: [f"qwen@{URL}"],
    }
    assert arguments.benchmarks() == {}
    # The command line wins.
    assert parsed(tmp_path, text, "--stage_judges", "reasoning=rules").judges()[Stage.REASONING] == []


def test_by_default_all_benchmarks_are_checked():
    assert list(options().benchmarks()) == ["bfcl", "humaneval", "mbpp"]
    assert options(contamination=["mbpp"], mbpp_data="here").benchmarks() == {"mbpp": "here"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"stage_judges": ["thinking=a"]}, "there is no stage 'thinking': response, query_and_tool, reasoning"),
        ({"stage_judges": ["format=a"]}, "rules alone decide the format"),
        ({"stage_judges": ["reasoning"]}, "'reasoning'; give STAGE=rules, STAGE=MODEL"),
        ({"stage_judges": ["reasoning=a,"]}, "give STAGE=rules, STAGE=MODEL"),
        ({"stage_judges": ["reasoning=rules,a"]}, "rules come first anyway"),
        ({"stage_judges": [f"reasoning=a@{URL},a@{OTHER}"]}, "each needs a name of its own"),
        ({"judge": "model", "judge_models": [f"a@{URL}"]}, "set it to 'endpoint'"),
        ({"threshold": 7.0}, "`threshold` is 7.0; give a number above 0, up to 1"),
        ({"judge_max_new_tokens": 0}, "`judge_max_new_tokens` is 0"),
        ({"contamination": ["false"]}, "`contamination` is 'false'; name some of bfcl, humaneval, mbpp, or 'none'"),
        ({"contamination": ["none", "bfcl"]}, "or 'none' alone"),
        ({"hard_pool": True}, "there is no `teacher` to answer those rows anew"),
        ({"push_to_hub": "calls"}, "give the name on the Hub as user/name"),
        ({"push_to_hub": "me/calls", "shard": "1/2"}, "put them together with `funreason merge`"),
    ],
)
def test_what_can_not_be_is_named(given, words):
    with pytest.raises(ValueError) as raised:
        options(**given)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("judgee: rules", [], "build.yaml gives; did you mean 'judge'?"),
        (
            "",
            ["--push-to-hubb", "a/b"],
            "no option '--push-to-hubb', which the command line gives; did you mean '--push_to",
        ),
        ("zzz: 1", [], "`funreason build --help` lists them"),
        ("limit: ten", [], "argument --limit: invalid"),
        ("- 1", [], "must contain a YAML mapping"),
    ],
)
def test_a_slip_in_the_options_is_told(text, line, words, tmp_path, capsys):
    (tmp_path / "build.yaml").write_text(text if text.startswith("-") else f"source: sample\noutput: out\n{text}\n")
    with pytest.raises(SystemExit):
        option_parser().read(["--config", str(tmp_path / "build.yaml"), *line])
    assert words in capsys.readouterr().err
