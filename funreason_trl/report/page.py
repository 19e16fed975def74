"""The report: one HTML file that needs nothing else, and lets nothing in.

In: folders of runs, and of `funreason eval`. Out: [`write_report`]: the file. Everything that comes from a file is escaped, and
the page's own policy forbids scripts, frames and the network.
"""

from datetime import date
from pathlib import Path

from funreason_trl import __version__

from .reading import read_runs
from .score_sections import accuracy, changes, skills
from .scores import answer_lengths, compare_models, read_models
from .sections import glance, lengths, losses, rounds, setup
from .style import STYLE
from .text import safe


POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
LINKS = {
    "losses": "Training",
    "rounds": "Rounds",
    "lengths": "Lengths",
    "accuracy": "Accuracy",
    "skills": "Skills",
    "changes": "Answers",
    "setup": "Set-up",
}


def write_report(runs: list[Path], scores: list[Path], output: Path) -> None:
    """
    Write the report of one or more runs.

    Args:
        runs (`list[Path]`): Output folders of `funreason train`, `refine` or `quickstart`, at least one.
        scores (`list[Path]`): Folders that `funreason eval` wrote, beside those in `RUN/eval`.
        output (`Path`): The HTML file; its folder is made.

    Raises:
        ReportError: A folder holds nothing that can be shown, or a file in it can't be read.
    """
    page = report_page(runs, scores)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8")


def report_page(folders: list[Path], scores: list[Path]) -> str:
    """The page as text; arguments and errors as in [`write_report`]."""
    runs = read_runs(folders)
    models = read_models(runs, scores)
    comparisons = list(compare_models(models))
    sections = [
        glance(runs, comparisons, models),
        losses(runs),
        rounds(runs),
        lengths(runs, list(answer_lengths(models))),
        accuracy(models, comparisons),
        skills(models, comparisons),
        changes(comparisons),
        setup(runs, models),
    ]
    title = " and ".join(run.name for run in runs)
    links = "".join(f'<a href="#{id}">{name}</a>' for id, name in LINKS.items())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{safe(title, 200)} · funreason report</title>
<style>{STYLE}</style>
</head>
<body>
<header class="top"><h1>{safe(title, 200)}</h1>
<p class="muted">Report of {len(runs)} {"run" if len(runs) == 1 else "runs"}, made on {date.today():%d %B %Y} by funreason_trl {__version__}</p>
<nav aria-label="Sections">{links}</nav></header>
<main>
{"".join(sections)}
<footer>Texts in this page were written by models and are shown as they came; nothing in it runs or reaches the network.</footer>
</main>
</body>
</html>
"""
