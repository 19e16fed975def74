"""Pushes a dataset that `funreason build` wrote.

In: the dataset's folder and the name that it is to have. Out: one commit with its shards, card, picture and `stats.json`,
so that nobody ever loads half of a push. The journal and `errors.jsonl` stay here: they serve the builder alone.
"""

import re
from pathlib import Path

from huggingface_hub import CommitOperationAdd

from funreason_trl.building.build import SPLITS
from funreason_trl.building.card import PICTURE
from funreason_trl.building.parts import FATES

from .connection import HubError, Target, connection, push_files


BESIDE_THE_SHARDS = ("README.md", PICTURE, "stats.json")
_SHARD = re.compile(rf"data/({'|'.join(SPLITS)})-(\d{{5}})-of-(\d{{5}})\.parquet")
# What the card's `data_files` read: a file of such a name that an earlier push left behind would be loaded as well.
_READ_AS_SHARD = re.compile(rf"data/({'|'.join(SPLITS)})-.*\.parquet")


def push_dataset(
    folder: Path,
    repo_id: str,
    *,
    private: bool = False,
    revision: str | None = None,
    tag: str | None = None,
    token: str | None = None,
) -> str:
    """
    Push a built dataset to the Hub, in one commit.

    Shards of an earlier push that are no longer in the folder are deleted in the same commit; other files there are let
    alone. A push that broke is started again with the same arguments: what has arrived is not sent twice.

    Args:
        folder (`Path`): Folder that `funreason build` wrote.
        repo_id (`str`): Name on the Hub, as in `user/name`; the repository is made if it is not there.
        private (`bool`, *optional*, defaults to `False`): Let only the owner see it. Otherwise the owner's default for
            new repositories holds, which on the Hub is public.
        revision (`str`, *optional*): Branch, made from `main` if it is not there; by default `main`.
        tag (`str`, *optional*): Name for the commit, which must not be taken.
        token (`str`, *optional*): Token with the right to write; by default the one of `hf auth login` or `HF_TOKEN`.

    Returns:
        `str`: URL of the commit, or of the last one if the Hub has all of this already.

    Raises:
        [`HubError`]: The folder is no built dataset, the name is none, there is no token or it may not write, a public
            repository was to be private, or the Hub can't be reached.
    """
    paths = dataset_files(folder)
    target = Target("dataset", repo_id, revision)
    with connection(target, token) as api:
        return push_files(
            api,
            target,
            [CommitOperationAdd(path, folder / path) for path in paths],
            _READ_AS_SHARD,
            "Upload the dataset that funreason built",
            private=private,
            tag=tag,
        )


def dataset_files(folder: Path) -> list[str]:
    """
    The files of a built dataset that go to the Hub.

    Args:
        folder (`Path`): Folder that `funreason build` wrote.

    Returns:
        `list[str]`: Paths below the folder, in order.

    Raises:
        [`HubError`]: Something is missing, the build did not end, or it is one part of a dataset.
    """
    if not folder.is_dir():
        raise HubError(f"{folder} is no folder; give the output of `funreason build`")
    if (folder / FATES).exists():
        raise HubError(f"{folder} is one part of a dataset; run `funreason merge` and push what it writes")
    shards = [path for path in sorted(f"data/{file.name}" for file in folder.glob("data/*")) if _SHARD.fullmatch(path)]
    missing = [name for name in BESIDE_THE_SHARDS if not (folder / name).is_file()]
    for split in SPLITS:
        if (folder / f".{split}.unfinished").exists():
            raise HubError(f"{folder}: its build did not end; run `funreason build` again with --resume true")
        matches = [match for path in shards if (match := _SHARD.fullmatch(path)) and match[1] == split]
        count = matches[0][3] if matches else "?????"
        expected = {f"{number:05d}" for number in range(int(count) if matches else 1)}
        if len({match[3] for match in matches}) > 1:
            raise HubError(f"{folder}/data: shards of two builds of {split!r}; build into an empty folder")
        absent = sorted(expected - {match[2] for match in matches})
        missing += [f"data/{split}-{number}-of-{count}.parquet" for number in absent]
    if missing:
        raise HubError(
            f"{folder} is no dataset of `funreason build`, or not a whole one: {', '.join(missing)} missing; build it "
            "again, or give another folder"
        )
    return [*BESIDE_THE_SHARDS, *shards]
