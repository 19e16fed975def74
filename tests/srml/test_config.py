"""Pins the fields of `SRMLConfig`: their defaults, what is refused and how, and that commands and recipes set them."""

import copy
import dataclasses
import pickle

import pytest
from transformers import HfArgumentParser
from trl import SFTConfig, TrlParser

from funreason_trl.srml import SRMLConfig


# Fields of a run without an accelerator, for configurations that are only built.
PLAIN = {"use_cpu": True, "bf16": False, "report_to": []}
PLAIN_ARGUMENTS = ["--use_cpu", "--bf16", "False", "--report_to", "none"]

NAN, INF = float("nan"), float("inf")

# Values of all fields of ours that differ from the defaults.
VALUES = {
    "balance": "learned",
    "think_weight": 0.25,
    "result_weight": 2.0,
    "alpha_init": 0.3,
    "alpha_learning_rate": 0.02,
    "alpha_min": 0.2,
    "alpha_max": 0.7,
    "think_start_tag": "◁think▷",
    "think_end_tag": "◁/think▷",
}


@pytest.mark.parametrize(
    ("fields", "named", "mend"),
    [
        ({"balance": "equal"}, ["`balance`", "'equal'"], "set it to one of 'fixed', 'learned', 'token'"),
        ({"think_weight": -0.1}, ["`think_weight`", "-0.1"], "set it to a finite number"),
        ({"think_weight": 10**400}, ["`think_weight`", "1329 bits"], "set it to a finite number"),
        ({"think_weight": NAN}, ["`think_weight`", "nan"], "set it to a finite number"),
        ({"result_weight": -1}, ["`result_weight`", "-1"], "set it to a finite number"),
        ({"result_weight": INF}, ["`result_weight`", "inf"], "set it to a finite number"),
        ({"think_weight": 0, "result_weight": 0}, ["`think_weight`", "`result_weight`", "0"], "raise one"),
        ({"alpha_init": 0.05}, ["`alpha_init`", "0.05"], "0 < alpha_min <= alpha_init <= alpha_max < 1"),
        ({"alpha_init": 0.95}, ["`alpha_init`", "0.95"], "0 < alpha_min <= alpha_init <= alpha_max < 1"),
        ({"alpha_init": NAN}, ["`alpha_init`", "nan"], "0 < alpha_min <= alpha_init <= alpha_max < 1"),
        ({"alpha_min": 0.0}, ["`alpha_min`", "0.0"], "0 < alpha_min <= alpha_init <= alpha_max < 1"),
        ({"alpha_max": 1.0}, ["`alpha_max`", "1.0"], "0 < alpha_min <= alpha_init <= alpha_max < 1"),
        ({"alpha_min": 0.8, "alpha_max": 0.7}, ["`alpha_min`", "0.8", "0.7"], "alpha_min <= alpha_init <= alpha_max"),
        ({"alpha_learning_rate": -0.01}, ["`alpha_learning_rate`", "-0.01"], "set it to a finite number"),
        ({"alpha_learning_rate": INF}, ["`alpha_learning_rate`", "inf"], "set it to a finite number"),
        ({"think_start_tag": ""}, ["`think_start_tag`", "''"], "set it to the tag that the training text uses"),
        ({"think_end_tag": " \n"}, ["`think_end_tag`", "' \\n'"], "set it to the tag that the training text uses"),
        ({"think_start_tag": "<t>", "think_end_tag": "<t>"}, ["`think_start_tag`", "'<t>'"], "two different tags"),
        ({"think_start_tag": None}, ["`think_start_tag`", "None"], "set it to the tag that the training text uses"),
        ({"think_end_tag": 3}, ["`think_end_tag`", "3"], "set it to the tag that the training text uses"),
        (
            {"think_start_tag": "think", "think_end_tag": "/think"},
            ["'think'", "'/think'"],
            "set them to the whole tags",
        ),
        ({"think_start_tag": "<t>!", "think_end_tag": "<t>"}, ["'<t>!'", "'<t>'"], "set them to the whole tags"),
        *(
            ({name: value}, [f"`{name}`", repr(value)], "set it to a number")
            for name in (
                "think_weight",
                "result_weight",
                "alpha_init",
                "alpha_min",
                "alpha_max",
                "alpha_learning_rate",
            )
            for value in ("0.5", None, True, [0.5])
        ),
        ({"use_liger_kernel": True}, ["`use_liger_kernel`", "True"], "set it to False"),
        ({"label_smoothing_factor": 0.1}, ["`label_smoothing_factor`", "0.1"], "set it to 0"),
        ({"loss_type": "dft"}, ["`loss_type`", "'dft'", "balance='fixed'"], "Set loss_type='nll', or balance='token'"),
        (
            {"loss_type": "dft", "balance": "learned"},
            ["`loss_type`", "'dft'", "balance='learned'"],
            "Set loss_type='nll', or balance='token'",
        ),
    ],
)
def test_a_wrong_value_is_refused_by_field_value_and_mend(fields, named, mend):
    with pytest.raises(ValueError) as error:
        SRMLConfig(**PLAIN, **fields)
    for part in [*named, mend]:
        assert part in str(error.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"think_weight": 0},
        {"result_weight": 0},
        {"think_weight": 2, "result_weight": 3},
        {"alpha_init": 0.1, "alpha_min": 0.1, "alpha_max": 0.1},
        {"alpha_learning_rate": 0},
        {"balance": "token", "loss_type": "dft"},
        {"think_start_tag": "<|think|>", "think_end_tag": "<|/think|>"},
        VALUES,
    ],
)
def test_a_value_at_the_border_is_taken(fields):
    config = SRMLConfig(**PLAIN, **fields)
    assert {name: value for name, value in dataclasses.asdict(config).items() if name in fields} == fields


@pytest.mark.parametrize("metric", ["loss/result", "eval_loss/think", "eval_loss", "eval_calls_loss/result"])
def test_the_smaller_loss_is_the_better_one(metric):
    assert SRMLConfig(**PLAIN, metric_for_best_model=metric).greater_is_better is False
    assert SRMLConfig(**PLAIN, metric_for_best_model=metric, greater_is_better=True).greater_is_better is True
    assert SRMLConfig(**PLAIN, metric_for_best_model="eval_mean_token_accuracy").greater_is_better is True
    assert SRMLConfig(**PLAIN).greater_is_better is SFTConfig(**PLAIN).greater_is_better


def our_fields() -> set[str]:
    ours, theirs = dataclasses.fields(SRMLConfig), dataclasses.fields(SFTConfig)
    return {field.name for field in ours} - {field.name for field in theirs}


def test_every_field_of_ours_is_tried_here_and_explains_itself():
    assert our_fields() == set(VALUES)
    for field in dataclasses.fields(SRMLConfig):
        if field.name in VALUES:
            assert field.default != VALUES[field.name]
            assert field.metadata["help"]
            assert f"{field.name} (`" in SRMLConfig.__doc__


def test_other_defaults_are_those_of_sft():
    ours, theirs = (
        {field.name: field.default for field in dataclasses.fields(config)} for config in (SRMLConfig, SFTConfig)
    )
    assert {name: default for name, default in ours.items() if name not in VALUES} == theirs


@pytest.mark.parametrize("parser", [TrlParser, HfArgumentParser])
def test_the_command_line_sets_every_field(parser):
    arguments = [f"--{name}={value}" for name, value in VALUES.items()]
    (config,) = parser((SRMLConfig,)).parse_args_into_dataclasses([*PLAIN_ARGUMENTS, *arguments])
    assert {name: dataclasses.asdict(config)[name] for name in VALUES} == VALUES


@pytest.mark.parametrize("name", list(VALUES))
def test_the_command_line_sets_each_field_alone(name):
    (config,) = TrlParser((SRMLConfig,)).parse_args_and_config([*PLAIN_ARGUMENTS, f"--{name}", str(VALUES[name])])
    defaults = dataclasses.asdict(SRMLConfig(**PLAIN))
    assert {key: dataclasses.asdict(config)[key] for key in VALUES} == {
        **{key: defaults[key] for key in VALUES},
        name: VALUES[name],
    }


def test_the_command_line_offers_the_balances():
    with pytest.raises(SystemExit):
        TrlParser((SRMLConfig,)).parse_args_and_config([*PLAIN_ARGUMENTS, "--balance", "equal"])


def test_a_recipe_sets_every_field_and_the_command_line_wins(tmp_path):
    recipe = tmp_path / "recipe.yaml"
    lines = [f"{name}: {value}" for name, value in VALUES.items()]
    # PyYAML reads a number without a point, such as 1e-2, as a string.
    lines = [line.replace("alpha_learning_rate: 0.02", "alpha_learning_rate: 2e-2") for line in lines]
    recipe.write_text("\n".join(["use_cpu: true", "bf16: false", "report_to: none", *lines]), encoding="utf-8")

    parser = TrlParser((SRMLConfig,))
    (config,) = parser.parse_args_and_config(["--config", str(recipe)])
    assert {name: dataclasses.asdict(config)[name] for name in VALUES} == VALUES

    (config,) = parser.parse_args_and_config(["--config", str(recipe), "--alpha_init", "0.4"])
    assert {name: dataclasses.asdict(config)[name] for name in VALUES} == {**VALUES, "alpha_init": 0.4}


def test_a_configuration_survives_its_dictionary():
    config = SRMLConfig(**PLAIN, **VALUES)
    again = SRMLConfig(**{name: config.to_dict()[name] for name in VALUES}, **PLAIN)
    assert {name: dataclasses.asdict(again)[name] for name in VALUES} == VALUES


def test_copies_keep_the_hub_token_and_what_is_written_does_not():
    config = SRMLConfig(**PLAIN, hub_token="secret", gradient_checkpointing_kwargs={"use_reentrant": False})
    for copied in (copy.copy(config), copy.deepcopy(config)):
        assert copied.hub_token == "secret"
        assert copied == config
    copy.deepcopy(config).gradient_checkpointing_kwargs["use_reentrant"] = True
    assert config.gradient_checkpointing_kwargs == {"use_reentrant": False}
    assert pickle.loads(pickle.dumps(config)).hub_token is None
