"""Pins help and errors of options: what is shown of them, how they may be spelled, and which one was probably meant."""

import pytest

from funreason_trl.scripts.help import LineParser, nearest


DOC = """`funreason cook --dish DISH`: a dish,
from its ingredients.

In: ingredients, which are bought beforehand, as many as there are people who are to eat of it. Out:

    dish.txt      what there is to eat, in a line that is so long that it would be wrapped if it were not a table
"""


@pytest.fixture
def parser(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    parser = LineParser(command="cook", usage="--dish DISH", example="funreason cook --dish soup", doc=DOC)
    parser.add_argument("--dish", required=True, help="What is cooked.")
    parser.add_argument("--people-at-table", type=int, default=4, help="How many eat.")
    parser.add_argument("--salt", type=float, default=0.5, help="Per cent; 50% is too much.".replace("%", "%%"))
    parser.add_argument("--dry_run", action="store_true", help="Cook nothing.")
    return parser


def test_the_help_has_usage_purpose_filled_text_a_table_as_it_stands_an_example_and_the_options(parser):
    lines = parser.format_help().splitlines()
    assert lines[:4] == ["usage: funreason cook --dish DISH", "", "A dish, from its ingredients.", ""]
    filled = lines[4:6]
    assert filled[0].startswith("In: ingredients") and filled[1].endswith("Out:")
    assert all(len(line) <= 80 for line in filled)
    assert "    dish.txt      what there is to eat, in a line that is so long that it would be wrapped" in lines[7]
    assert lines[8:11] == ["", "Example:", ""] and lines[11] == "    funreason cook --dish soup"


def test_options_are_shown_with_one_spelling_what_they_take_and_what_they_are_by_default(parser):
    shown = " ".join(parser.format_help().split())
    assert "--dish DISH What is cooked. (required)" in shown
    assert "--people-at-table N How many eat. (default: 4)" in shown
    assert "--salt X Per cent; 50% is too much. (default: 0.5)" in shown
    assert "--dry_run Cook nothing." in shown


@pytest.mark.parametrize("option", ["--people-at-table", "--people_at_table", "--people_at-table", "--people_at"])
def test_dashes_and_underscores_are_the_same(parser, option):
    assert parser.parse_args(["--dish", "soup", option, "7"]).people_at_table == 7
    assert parser.parse_args(["--dish", "soup", f"{option}=7", "--dry-run"]).dry_run


def test_values_keep_their_dashes_and_underscores(parser):
    assert parser.parse_args(["--dish", "fish_and-chips"]).dish == "fish_and-chips"
    assert parser.parse_args(["--dish=--fish_and-chips"]).dish == "--fish_and-chips"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--dihs", "soup"], "there is no option '--dihs', which the command line gives; did you mean '--dish'?"),
        (["--peple-at-table=3"], "there is no option '--peple-at-table', which the command line gives; did you mean"),
        (["--dish", "soup", "-salt", "1"], "did you mean '--salt'?"),
        (["--dish", "soup", "--zzz"], "`funreason cook --help` lists them"),
        (["--dish", "soup", "hot"], "'hot' is the value of no option"),
        ([], "the following arguments are required: --dish"),
    ],
)
def test_a_slip_ends_with_2_and_what_was_probably_meant(parser, capsys, arguments, words):
    with pytest.raises(SystemExit) as stop:
        parser.parse_args(arguments)
    assert stop.value.code == 2
    shown = capsys.readouterr()
    assert shown.out == "" and words in shown.err
    assert shown.err.startswith("usage: funreason cook --dish DISH\nfunreason cook: error: ")


@pytest.mark.parametrize(
    ("name", "found"),
    [("--thnk-weight", "think_weight"), ("THINK_WEIGHT", "think_weight"), ("think_wait", "think_weight"), ("x", None)],
)
def test_the_nearest_name(name, found):
    assert nearest(name, ["--think_weight", "--think-weight", "--result_weight"]) == found


def test_positional_arguments_are_shown(parser):
    parser.add_argument("runs", nargs="+", metavar="RUN", help="Where it is eaten.")
    assert "RUN Where it is eaten." in " ".join(parser.format_help().split())
    assert parser.parse_args(["a", "b", "--dish", "soup"]).runs == ["a", "b"]
