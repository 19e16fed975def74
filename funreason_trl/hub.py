"""What a run made, given to other people: a dataset that `funreason build` wrote, pushed to the Hub.

In: the dataset's folder and the name that it is to have. Out: one commit with its shards, card, picture and `stats.json`,
so that nobody ever loads half of a push. The journal and `errors.jsonl` stay here: they serve the builder alone.
"""

import re
from importlib.metadata import version
from pathlib import Path

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, RevisionNotFoundError
from huggingface_hub.utils import validate_repo_id

from funreason_trl.building.build import SPLITS
from funreason_trl.building.card import PICTURE
from funreason_trl.building.parts import FATES


BESIDE_THE_SHARDS = ("README.md", PICTURE, "stats.json")
_SHARD = re.compile(rf"data/({'|'.join(SPLITS)})-(\d{{5}})-of-(\d{{5}})\.parquet")
# What the card's `data_files` read: a file of such a name that an earlier push left behind would be loaded as well.
_READ_AS_SHARD = re.compile(rf"data/({'|'.join(SPLITS)})-.*\.parquet")
_AGAIN = "start the push again; what has arrived is not sent twice"
_LOG_IN = (
    "log in with `hf auth login`, set HF_TOKEN, or give a token; https://huggingface.co/settings/tokens makes one"
)


class HubError(RuntimeError):
    """Why something could not be pushed, and what to do about it. Holds no token."""


def push_dataset(
    folder: Path,
    repo_id: str,
    *,
    private: bool = False,
    revision: str | None = None,
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
        token (`str`, *optional*): Token with the right to write; by default the one of `hf auth login` or `HF_TOKEN`.

    Returns:
        `str`: URL of the commit, or of the last one if the Hub has all of this already.

    Raises:
        [`HubError`]: The folder is no built dataset, the name is none, there is no token or it may not write, a public
            repository was to be private, or the Hub can't be reached.
    """
    paths = dataset_files(folder)
    _check_name(repo_id)
    token = _clean_token(token)
    api = HfApi(token=token, library_name="funreason-trl", library_version=version("funreason-trl"))
    try:
        return _push(api, folder, paths, repo_id, private, revision)
    except HubError:
        raise
    except (httpx2.HTTPError, httpx2.InvalidURL, OfflineModeIsEnabled, RuntimeError, ValueError) as error:
        # The upload of a file that breaks comes wrapped in a RuntimeError.
        reason = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error
        problem = _explain(reason, api.endpoint, repo_id, revision)
        # Not chained: those exceptions hold the request, and a server may have repeated what it was sent.
        raise HubError(problem.replace(token, "<token>")) from None


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


def _push(api: HfApi, folder: Path, paths: list[str], repo_id: str, private: bool, revision: str | None) -> str:
    # `None` and not `False`: an organisation whose rule is private would be overruled.
    api.create_repo(repo_id, repo_type="dataset", private=True if private else None, exist_ok=True)
    if revision is not None:
        _make_branch(api, repo_id, revision)
    there = api.dataset_info(repo_id, revision=revision)
    if private and not there.private:
        raise HubError(
            f"{repo_id} exists and is public, so nothing was pushed; make it private in its settings, or choose another "
            "name"
        )
    remote = api.list_repo_files(repo_id, repo_type="dataset", revision=there.sha)
    stale = [path for path in remote if _READ_AS_SHARD.fullmatch(path) and path not in paths]
    commit = api.create_commit(
        repo_id,
        repo_type="dataset",
        revision=revision,
        operations=[
            *(CommitOperationAdd(path, folder / path) for path in paths),
            *(CommitOperationDelete(path, is_folder=False) for path in stale),
        ],
        commit_message="Upload the dataset that funreason built",
        parent_commit=there.sha,  # what is stale was read there; a push at the same time is refused
    )
    return commit.commit_url


def _make_branch(api: HfApi, repo_id: str, name: str) -> None:
    refs = api.list_repo_refs(repo_id, repo_type="dataset")
    if any(tag.name == name for tag in refs.tags):
        raise HubError(f"{name!r} is a tag of {repo_id}, and tags don't move; give a branch, or another name for one")
    api.create_branch(repo_id, repo_type="dataset", branch=name, exist_ok=True)


def _check_name(repo_id: str) -> None:
    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise HubError(f"the name {repo_id!r} is malformed: {error}; give it as user/name") from None
    if repo_id.count("/") != 1:
        raise HubError(f"the name {repo_id!r} has no owner; give it as user/name")


def _clean_token(token: str | None) -> str:
    token = (get_token() if token is None else token.strip()) or ""
    if not token:
        raise HubError(f"there is no token to push with; {_LOG_IN}")
    # Such a token could not be sent, and the error of the HTTP library would show it.
    if not re.fullmatch(r"[!-~]+", token):
        raise HubError(f"the token holds white space or characters outside ASCII (it is not shown here); {_LOG_IN}")
    return token


def _explain(error: BaseException, endpoint: str, repo_id: str, revision: str | None) -> str:
    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set, so nothing was pushed; unset it and push again"
    if isinstance(error, (httpx2.HTTPError, httpx2.InvalidURL)) and not isinstance(error, HfHubHTTPError):
        return f"can't reach the Hub at {endpoint} ({error}); check the network and HF_ENDPOINT, then {_AGAIN}"
    if isinstance(error, RevisionNotFoundError):
        return f"{repo_id} has no branch {revision or 'main'!r}; make it, or give another"
    if not isinstance(error, HfHubHTTPError):
        return f"the push to {repo_id} broke ({error}); mend that if it is here, and {_AGAIN}"
    status = error.response.status_code
    said = error.server_message or f"HTTP {status}"
    if status == 401:
        return f"the Hub at {endpoint} does not know the token ({said}); {_LOG_IN}"
    if status in (403, 404):
        owner = repo_id.partition("/")[0]
        return (
            f"the token may not write to {repo_id} ({said}); use one with the right to write to {owner!r}'s datasets"
        )
    if status == 412:
        return f"somebody else changed {repo_id} meanwhile ({said}); look at what they did, then {_AGAIN}"
    return f"the Hub at {endpoint} failed with HTTP {status} ({said}); {_AGAIN}"
