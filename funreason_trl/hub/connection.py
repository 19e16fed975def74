"""What pushing and downloading share: the error, names, tokens, branches and tags, and words for what went wrong.

In: what the user gave. Out: [`HubApi`], a connection whose errors are [`HubError`]s without a token in them.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import validate_repo_id


_AGAIN = {
    "push": "start the push again; what has arrived is not sent twice",
    "download": "start the download again; what has arrived is not fetched twice",
}
_LOG_IN = (
    "log in with `hf auth login`, set HF_TOKEN, or give a token; https://huggingface.co/settings/tokens makes one"
)


class HubError(RuntimeError):
    """Why something could not be pushed or downloaded, and what to do about it. Holds no token."""


@dataclass
class Target:
    """
    A repository, and what is to be done with it.

    Args:
        kind (`str`): `"dataset"` or `"model"`.
        repo_id (`str`): Name on the Hub, as in `user/name`.
        revision (`str`, *optional*): Branch, or for a download also a tag or a commit.
        action (`str`, *optional*, defaults to `"push"`): Or `"download"`, for words of errors.
    """

    kind: str
    repo_id: str
    revision: str | None = None
    action: str = "push"


@contextmanager
def connection(target: Target, token: str | None = None) -> Iterator[HfApi]:
    """
    A connection for one push or download.

    Args:
        target ([`Target`]): The repository.
        token (`str`, *optional*): By default the one of `hf auth login` or `HF_TOKEN`. A push needs one.

    Raises:
        [`HubError`]: The name is none, there is no token to push with, or what goes wrong within the context.
    """
    _check_name(target.repo_id)
    secret = _clean_token(token, needed=target.action == "push")
    api = HfApi(token=secret or False, library_name="funreason-trl", library_version=version("funreason-trl"))
    try:
        yield api
    except HubError:
        raise
    except (httpx2.HTTPError, httpx2.InvalidURL, OfflineModeIsEnabled, RuntimeError, ValueError, OSError) as error:
        # The upload of a file that breaks comes wrapped in a RuntimeError.
        reason = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error
        problem = _explain(reason, api.endpoint, target)
        # Not chained: those exceptions hold the request, and a server may have repeated what it was sent.
        raise HubError(problem.replace(secret, "<token>") if secret else problem) from None


def push_files(
    api: HfApi,
    target: Target,
    additions: Sequence[CommitOperationAdd],
    stale: re.Pattern[str],
    message: str,
    *,
    private: bool = False,
    tag: str | None = None,
) -> str:
    """
    One commit with all files.

    Args:
        api (`HfApi`): The connection.
        target ([`Target`]): The repository, made if it is not there, and its branch, made from `main`.
        additions (`Sequence[CommitOperationAdd]`): The files.
        stale (`re.Pattern`): Files there of such a path go, where they are not among the additions.
        message (`str`): Of the commit.
        private (`bool`, *optional*, defaults to `False`): Let only the owner see it.
        tag (`str`, *optional*): Name for the commit, which must not be taken.

    Returns:
        `str`: URL of the commit, or of the last one if the Hub has all of this already.
    """
    repo_id, kind, revision = target.repo_id, target.kind, target.revision
    # `None` and not `False`: an organisation whose rule is private would be overruled.
    api.create_repo(repo_id, repo_type=kind, private=True if private else None, exist_ok=True)
    if revision is not None or tag is not None:
        _make_refs(api, target, tag)
    there = api.repo_info(repo_id, repo_type=kind, revision=revision)
    if private and not there.private:
        raise HubError(
            f"{repo_id} exists and is public, so nothing was pushed; make it private in its settings, or choose another "
            "name"
        )
    paths = {addition.path_in_repo for addition in additions}
    remote = api.list_repo_files(repo_id, repo_type=kind, revision=there.sha)
    commit = api.create_commit(
        repo_id,
        repo_type=kind,
        revision=revision,
        operations=[
            *additions,
            *(
                CommitOperationDelete(path, is_folder=False)
                for path in remote
                if stale.fullmatch(path) and path not in paths
            ),
        ],
        commit_message=message,
        parent_commit=there.sha,  # what is stale was read there; a push at the same time is refused
    )
    if tag is not None:
        api.create_tag(repo_id, repo_type=kind, tag=tag, revision=commit.oid)
    return commit.commit_url


def _make_refs(api: HfApi, target: Target, tag: str | None) -> None:
    refs = api.list_repo_refs(target.repo_id, repo_type=target.kind)
    tags = {one.name for one in refs.tags}
    if target.revision in tags:
        raise HubError(
            f"{target.revision!r} is a tag of {target.repo_id}, and tags don't move; give a branch, or another name for one"
        )
    if tag in tags:
        raise HubError(f"{target.repo_id} has a tag {tag!r} already, and tags don't move; give another one")
    if target.revision is not None:
        api.create_branch(target.repo_id, repo_type=target.kind, branch=target.revision, exist_ok=True)


def _check_name(repo_id: str) -> None:
    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise HubError(f"the name {repo_id!r} is malformed: {error}; give it as user/name") from None
    if repo_id.count("/") != 1:
        raise HubError(f"the name {repo_id!r} has no owner; give it as user/name")


def _clean_token(token: str | None, needed: bool) -> str:
    token = (get_token() if token is None else token.strip()) or ""
    if not token and needed:
        raise HubError(f"there is no token to push with; {_LOG_IN}")
    # Such a token could not be sent, and the error of the HTTP library would show it.
    if token and not re.fullmatch(r"[!-~]+", token):
        raise HubError(f"the token holds white space or characters outside ASCII (it is not shown here); {_LOG_IN}")
    return token


def _explain(error: BaseException, endpoint: str, target: Target) -> str:
    repo_id, again, owner = target.repo_id, _AGAIN[target.action], target.repo_id.partition("/")[0]
    if isinstance(error, OfflineModeIsEnabled):
        return f"HF_HUB_OFFLINE is set, so nothing was {target.action}ed; unset it and {target.action} again"
    if isinstance(error, (httpx2.HTTPError, httpx2.InvalidURL)) and not isinstance(error, HfHubHTTPError):
        return f"can't reach the Hub at {endpoint} ({error}); check the network and HF_ENDPOINT, then {again}"
    if isinstance(error, LocalEntryNotFoundError):
        return f"can't reach the Hub at {endpoint}; check the network and HF_ENDPOINT, then {again}"
    if isinstance(error, RevisionNotFoundError):
        if target.action == "download":
            return f"{repo_id} has no branch, tag or commit {target.revision!r}; give one that it has"
        return f"{repo_id} has no branch {target.revision or 'main'!r}; make it, or give another"
    if not isinstance(error, HfHubHTTPError):
        verb = "push to" if target.action == "push" else "download of"
        return f"the {verb} {repo_id} broke ({error}); mend that if it is here, and {again}"
    status = error.response.status_code
    said = error.server_message or f"HTTP {status}"
    if target.action == "download" and isinstance(error, GatedRepoError):
        return f"{repo_id} is gated ({said}); ask for access on its page, then {_LOG_IN}"
    if target.action == "download" and isinstance(error, RepositoryNotFoundError):
        return (
            f"there is no {target.kind} {repo_id} at {endpoint}, or it is private ({said}); check the name, and if it is "
            f"private, {_LOG_IN}"
        )
    if status == 401:
        return f"the Hub at {endpoint} does not know the token ({said}); {_LOG_IN}"
    if status in (403, 404) and target.action == "push":
        return (
            f"the token may not write to {repo_id} ({said}); use one with the right to write to {owner!r}'s "
            f"{target.kind}s"
        )
    if status == 412:
        return f"somebody else changed {repo_id} meanwhile ({said}); look at what they did, then {again}"
    return f"the Hub at {endpoint} failed with HTTP {status} ({said}); {again}"
