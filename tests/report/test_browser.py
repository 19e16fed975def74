"""The page in a real browser: nothing on its console, nothing wider than the window, light and dark, on paper."""

import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from funreason_trl.report import write_report

from .files import quickstart_answer, round_line, write_eval, write_quickstart, write_rounds, write_state


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (`apt-get install chromium`)")

QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    *("--enable-logging=stderr", "--allow-file-access-from-files"),
)
DESKTOP, PHONE = 1200, 390
HOSTILE = "</script><script>document.title='ran'</script><img src='http://127.0.0.1:9/x' onerror='1/0'>"
WIDE = "wide_" * 400
# Frames the page, as a window can't always be as narrow as a phone, and writes down how wide its content is, how many texts
# of pictures reach out of them, and the page's title, which a script in it would change.
FRAMES = """<!doctype html><title></title>
<iframe src="report.html" width="1200" height="900"></iframe>
<iframe src="report.html" width="390" height="900"></iframe>
<iframe src="report.html" width="320" height="900"></iframe>
<script>
addEventListener("load", () => {
  document.title = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument;
    page.querySelectorAll("details").forEach(details => { details.open = true; });
    const texts = [...page.querySelectorAll("svg text")].filter(text => {
      const box = text.getBoundingClientRect(), svg = text.closest("svg").getBoundingClientRect();
      return box.width && (box.left < svg.left - 2 || box.right > svg.right + 2);
    });
    return [page.scrollingElement.scrollWidth, texts.length, page.title === "ran"].join(" ");
  }).join("; ");
});
</script>"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A report of two runs with everything, one of whose answers means harm."""
    folder = tmp_path_factory.mktemp("report")
    write_state(folder / "refined", 10)
    write_rounds(folder / "refined", [round_line(1), round_line(2)])
    rows = {"multiple": {f"multiple_{place}": place % 2 == 0 for place in range(4)}}
    turned = {"multiple": {id: not right for id, right in rows["multiple"].items()}}
    texts = dict(zip(rows["multiple"], (HOSTILE, WIDE, "", "[f(a='東京')]"), strict=True))
    both = {str(folder / "refined"): rows, "org/base": turned}
    write_eval(folder / "refined" / "eval", both, dict.fromkeys(both, texts), base="org/base")
    write_quickstart(folder / WIDE[:100], [quickstart_answer("a", HOSTILE, WIDE, query=WIDE)])
    write_report([folder / "refined", folder / WIDE[:100]], [], folder / "report.html")
    return folder


def browse(folder: Path, profile: Path, page: str, *arguments: str, dark: bool = False) -> subprocess.CompletedProcess:
    """A fresh Chromium opens a page from disk."""
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    address = (folder / page).as_uri()
    command = [CHROMIUM, *QUIET, f"--user-data-dir={profile}", scheme, *arguments, address]
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=1800)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended


def console(ended: subprocess.CompletedProcess) -> list[str]:
    return [line for line in ended.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.parametrize(("width", "dark"), [(DESKTOP, False), (PHONE, True)])
def test_a_screenshot_without_a_word_on_the_console(folder, tmp_path, width, dark):
    shot = tmp_path / "shot.png"
    arguments = (f"--window-size={width},3000", f"--screenshot={shot}")
    ended = browse(folder, tmp_path / "profile", "report.html", *arguments, dark=dark)
    assert console(ended) == []
    size, share = light_pixels(shot)
    assert size == (width, 3000)
    # Mostly the page's own light or dark, but not empty.
    assert (share < 0.2) if dark else (share > 0.8)
    assert min(share, 1 - share) > 0.005


def test_nothing_is_wider_than_the_window_and_no_script_runs(folder, tmp_path):
    (folder / "frames.html").write_text(FRAMES)
    arguments = ("--window-size=1400,1000", "--virtual-time-budget=5000", "--dump-dom")
    ended = browse(folder, tmp_path / "profile", "frames.html", *arguments)
    title = ended.stdout.partition("<title>")[2].partition("</title>")[0]
    assert title == "1200 0 false; 390 0 false; 320 0 false"


def test_it_prints(folder, tmp_path):
    paper = tmp_path / "report.pdf"
    browse(folder, tmp_path / "profile", "report.html", f"--print-to-pdf={paper}", dark=True)
    assert paper.read_bytes().startswith(b"%PDF") and paper.stat().st_size > 20_000


def light_pixels(path: Path) -> tuple[tuple[int, int], float]:
    """Width and height of a picture, and the share of its pixels that are light."""
    with Image.open(path) as picture:
        counts = picture.convert("L").histogram()
        return picture.size, sum(counts[128:]) / sum(counts)
