"""Downloads a model or a dataset, pinned to one commit.

In: a name, and a branch, tag or commit. Out: a folder that `from_pretrained` or `load_dataset` reads, with
`.funreason_download`, which says what it is a copy of. A download that broke goes on where it was.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from huggingface_hub import snapshot_download

from funreason_trl.files import write_whole

from .connection import HubError, Target, connection


# Hidden and without a suffix: what reads a folder of rows would take any other JSON for rows.
PIN = ".funreason_download"
# Of a model: of use to nobody who did not train it, and pickles may hold any code.
LEFT_THERE = ("*training_args.bin", "*optimizer*", "*scheduler.pt", "*rng_state*", "*.pkl", "*.pickle", "checkpoint-*")


@dataclass(frozen=True)
class Downloaded:
    """
    What was downloaded.

    Attributes:
        kind (`str`): `"model"` or `"dataset"`.
        repo_id (`str`): Name on the Hub.
        revision (`str`): Branch, tag or commit that was asked for.
        commit (`str`): What that was.
    """

    kind: str
    repo_id: str
    revision: str
    commit: str


def download(
    kind: str,
    repo_id: str,
    output: Path,
    *,
    revision: str | None = None,
    token: str | None = None,
) -> Downloaded:
    """
    Download a model or a dataset into a folder.

    Args:
        kind (`str`): `"model"` or `"dataset"`.
        repo_id (`str`): Name on the Hub, as in `user/name`.
        output (`Path`): Folder, empty or not there, or one in which a download of the same commit was begun.
        revision (`str`, *optional*): Branch, tag or commit; by default `main` as it is now.
        token (`str`, *optional*): Token with the right to read; by default the one of `hf auth login` or `HF_TOKEN`, and
            for what is public none.

    Returns:
        [`Downloaded`]: With the commit, which as `revision` gives the same files again.

    Raises:
        [`HubError`]: It does not exist, or not for this token, the folder holds something else, or the Hub can't be
            reached.
    """
    target = Target(kind, repo_id, revision, action="download")
    with connection(target, token) as api:
        commit = str(api.repo_info(repo_id, repo_type=kind, revision=revision).sha)
        downloaded = Downloaded(kind, repo_id, revision or "main", commit)
        _take_folder(output, downloaded)
        snapshot_download(
            repo_id,
            repo_type=kind,
            revision=commit,
            local_dir=output,
            token=api.token,
            endpoint=api.endpoint,
            ignore_patterns=list(LEFT_THERE) if kind == "model" else None,
        )
    return downloaded


def _take_folder(output: Path, downloaded: Downloaded) -> None:
    """Note in the folder what is downloaded into it; refuse one that holds anything else."""
    pin = output / PIN
    if pin.is_file():
        try:
            before = Downloaded(**json.loads(pin.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            raise HubError(f"{pin} is broken; delete {output}, or choose another folder") from None
        if (before.kind, before.repo_id, before.commit) != (downloaded.kind, downloaded.repo_id, downloaded.commit):
            raise HubError(
                f"{output} holds {before.repo_id} at commit {before.commit}, and {downloaded.repo_id} at "
                f"{downloaded.revision!r} is {downloaded.commit}; choose another folder, or give revision={before.commit}"
            )
        return
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise HubError(f"{output} is not empty, and no download was begun in it; choose another folder")
    output.mkdir(parents=True, exist_ok=True)
    write_whole(pin, json.dumps(asdict(downloaded), indent=1) + "\n")
