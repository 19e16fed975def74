"""Pins the page: what it shows, what it says where there is nothing, and that nothing in it can run or reach out."""

import json
from html.parser import HTMLParser

import pytest

from funreason_trl.report import ReportError, write_report
from funreason_trl.report.page import POLICY, report_page

from .files import quickstart_answer, round_line, write_eval, write_json, write_quickstart, write_rounds, write_state


HOSTILE = (
    "</pre></script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "</style><style>*{display:none}",
    "<svg onload=alert(1)>",
    "{{7*7}} ${7*7} {% raw %}",
    "&lt;b&gt; &amp;",
    "null \x00 byte",
    "\ud83d half",
    "\u202eright to left",
    "東京 🙂",
    "x" * 1_000_000,
)
ALLOWED = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "h1",
        "h2",
        "h3",
        "h4",
        "p",
        "nav",
        "a",
        "main",
        "section",
    ),
    *(
        "div",
        "dl",
        "dt",
        "dd",
        "span",
        "ul",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "small",
        "b",
        "br",
        "code",
    ),
    *(
        "pre",
        "details",
        "summary",
        "article",
        "footer",
        "svg",
        "g",
        "defs",
        "path",
        "use",
        "text",
        "tspan",
        "clippath",
    ),
    *("rect", "circle"),
}


class Elements(HTMLParser):
    """What a browser would make of the page: elements, attributes, text."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag not in ("meta", "br"):
            assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data


def check_harmless(page: str) -> Elements:
    found = Elements(page)
    assert found.open == []
    assert set(found.tags) <= ALLOWED
    for _, name, value in found.attributes:
        assert not name.startswith("on")
        if name in ("href", "xlink:href"):
            assert value.startswith("#")
        assert name != "src"
    assert ("meta", "content", POLICY) in found.attributes
    return found


@pytest.fixture
def refined(tmp_path):
    """A run with everything."""
    folder = tmp_path / "refined"
    write_state(folder, 10)
    write_rounds(folder, [round_line(1), round_line(2, warnings=["thoughts are long"], why_unchanged="few accepted")])
    record = {
        "version": 1,
        "base_model": {"name": "org/base", "revision": "abc"},
        "loss": {"balance": "fixed", "think_weight": 0.5},
        "training": {"learning_rate": 1e-4, "hub_token": "hf_secret"},
        "versions": {"trl": "1.16.0"},
        "seconds": 4000.0,
        "log_history": [],
    }
    write_json(folder / "funreason_run.json", record)
    rows = {"multiple": {"multiple_0": True, "multiple_1": False}, "humaneval": {"HumanEval/0": True}}
    others = {"multiple": {"multiple_0": False, "multiple_1": True}, "humaneval": {"HumanEval/0": False}}
    texts = {"multiple_0": "[f(a=0)]", "multiple_1": "[f(a=1)]"}
    names = (str(folder), "org/base")
    settings = {"base": "org/base", "base_url": "http://inner.host:8000", "limit": 2}
    write_eval(folder / "eval", {names[0]: rows, names[1]: others}, dict.fromkeys(names, texts), **settings)
    return folder


def test_a_whole_run(refined):
    found = check_harmless(report_page([refined], []))
    for words in (
        *("org/base, balance fixed", "67 min", "Round 1", "Round 2", "46 accepted", "57% → 57%", "thoughts are long"),
        *("changed nothing: few accepted", "round 1, trained on", "Call accuracy", "at most 2 rows", "100.0%"),
        *(
            "From org/base to refined",
            "1 went from wrong to right and 1 from right to wrong",
            "multiple_0",
            "[f(a=0)]",
        ),
        *(
            "thought of multiple_1",
            "humaneval",
            "+ FunReason (published)",
            "84.1%",
            "learning rate",
            "0.0001",
            "1.16.0",
        ),
    ):
        assert words in found.text, words
    assert "brings them" not in found.text
    assert "hf_secret" not in found.text and "http" not in found.text and "inner.host" not in found.text


def test_parts_without_data_say_what_brings_them(tmp_path):
    write_state(tmp_path / "run", 3)
    found = check_harmless(report_page([tmp_path / "run"], []))
    for command in (
        "funreason refine --config",
        "funreason eval --model RUN --base BASE",
        "--benchmarks humaneval mbpp",
    ):
        assert command in found.text
    assert found.text.count("brings them.") == 5
    assert "stopped or still running, step 3 of 10" in found.text
    assert "published" not in found.text


def test_a_run_with_rounds_alone(tmp_path):
    write_rounds(tmp_path / "run", [round_line(1)])
    found = check_harmless(report_page([tmp_path / "run"], []))
    assert "80 answers" in found.text and "--logging_steps" in found.text


def test_whatever_models_write_is_text(tmp_path):
    answers = [
        quickstart_answer(
            f"{number}{text[:50]}", text, f"<think>{text}</think>\n\n{text}", right=bool(number % 3), query=text
        )
        for number, text in enumerate(HOSTILE)
    ]
    for line in answers:  # no file of UTF-8 holds half of a pair, but JSON escapes do
        line["gold"] = HOSTILE[0]
    folder = tmp_path / "<b>run</b>"
    write_quickstart(folder, [])
    lines = "".join(json.dumps(line) + "\n" for line in answers)
    (folder / "answers.jsonl").write_text(lines)
    results = json.loads((folder / "results.json").read_text())
    results |= {"rows": len(answers), "rounds": [round_line(1, warnings=[HOSTILE[0]], why_unchanged=HOSTILE[1])]}
    results["after SRML"]["calls_right"] = results["before"]["calls_right"] = 3
    results["options"]["model"] = HOSTILE[1]
    (folder / "results.json").write_text(json.dumps(results))
    page = report_page([folder], [])
    found = check_harmless(page)
    assert "<script>alert(1)</script>" in found.text and "東京 🙂" in found.text and "{{7*7}} ${7*7}" in found.text
    assert "more characters)" in found.text and "\x00" not in page and len(page) < 500_000
    page.encode("utf-8")


def test_one_row(tmp_path):
    folder = write_quickstart(tmp_path / "run", [quickstart_answer("a", "", "[weather(city='Oslo')]")])
    results = json.loads((folder / "results.json").read_text())
    results["after SRML"]["history"] = results["after SRML"]["history"][:1]
    (folder / "results.json").write_text(json.dumps(results))
    found = check_harmless(report_page([folder], []))
    assert "From wrong to right: 1" in found.text and "(nothing)" in found.text


def test_two_runs_stand_side_by_side(refined, tmp_path):
    other = tmp_path / "other"
    write_state(other, 4)
    found = check_harmless(report_page([refined, other], []))
    assert "refined and other" in found.text and "Report of 2 runs" in found.text
    assert found.text.count("There are no rounds of refinement.") == 1
    said = [value for _, name, value in found.attributes if name == "aria-label"]
    (losses,) = (text for text in said if text.startswith("Loss of the result"))
    assert "refined: from 1 to 0.1 at step 10; other: from 1 to 0.25 at step 4" in losses


def test_a_failed_report_leaves_no_file(tmp_path):
    with pytest.raises(ReportError):
        write_report([tmp_path], [], tmp_path / "out" / "report.html")
    assert not (tmp_path / "out").exists()
