"""What `build` and `merge` do with a dataset that has been built: they show it, and push it if it is whole.

In: what was built, and where it lies. Out: [`show_built`] prints the funnel, [`push_built`] gives the address on the Hub.
"""

from pathlib import Path

from huggingface_hub import get_token
from rich.console import Console
from rich.markdown import Markdown

from funreason_trl.building.build import Built
from funreason_trl.building.funnel import funnel_table
from funreason_trl.hub import HubError, push_dataset


def refuse_push_without_token(repo_id: str | None) -> None:
    """Before the work: a `PermissionError` where the dataset could not be pushed after it."""
    if repo_id is not None and get_token() is None:
        raise PermissionError(
            "there is no token to push with; log in with `hf auth login` or set HF_TOKEN before the run"
        )


def show_built(console: Console, built: Built, mend: str = "") -> None:
    """The funnel, the rows of each split and their lengths; `mend` is for rows that came to no verdict."""
    console.print(Markdown(funnel_table(built.tally, built.not_inspected())))
    console.print(built.rows, built.lengths)
    if built.tally.errors:
        console.print(f"{len(built.tally.errors)} rows came to no verdict, see errors.jsonl{mend}.", style="bold")


def push_built(built: Built, folder: Path, repo_id: str, private: bool) -> str:
    """Pushes the dataset; its address. A `HubError` where a row has come to no verdict."""
    if built.tally.errors:
        raise HubError(f"{repo_id} was not pushed, since {len(built.tally.errors)} rows came to no verdict")
    return push_dataset(folder, repo_id, private=private)
