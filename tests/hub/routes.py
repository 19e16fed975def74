"""What the local Hub answers to each request that huggingface_hub, datasets and transformers send.

In: an [`Asked`]: the request with the parts of its path. Out: an [`Answer`], or [`Refused`]. [`ROUTES`] says which
function answers what; each behaves as the real Hub does towards those libraries.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import yaml

from tests.hub.store import Commit, File, Repo, Store, is_large


WRITE_TOKEN = "hf_WriteTokenOfTheLocalHub0000000000"
READ_TOKEN = "hf_ReadTokenOfTheLocalHub00000000000"
OTHER_TOKEN = "hf_TokenOfSomebodyElse00000000000000"
# Who a token belongs to, and what it may do.
TOKENS = {WRITE_TOKEN: ("alice", "write"), READ_TOKEN: ("alice", "read"), OTHER_TOKEN: ("bob", "write")}

REPO = r"(?P<id>[^/]+/[^/]+)"
API = rf"/api/(?P<kind>models|datasets)/{REPO}"
FILES = rf"/(?:(?P<kind>datasets)/)?{REPO}"


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def token(self) -> str | None:
        return self.headers.get("authorization", "").removeprefix("Bearer ") or None


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """An answer that is an error, with the code by which huggingface_hub knows it."""

    def __init__(self, status: int, message: str, code: str | None = None, **headers: str):
        super().__init__(message)
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        codes = {"X-Error-Code": code} if code else {}
        self.answer = Answer(
            status, json.dumps({"error": message}).encode(), {"X-Error-Message": message, **codes, **more}
        )


def as_json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


@dataclass
class Asked:
    """A request, with the parts of its path."""

    url: str
    store: Store
    request: Request
    query: dict[str, list[str]]
    kind: str = "models"
    id: str = ""
    revision: str = "main"
    path: str = ""

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.request.body)

    @property
    def user(self) -> tuple[str | None, str]:
        token = self.request.token
        if token is None:
            return None, "read"
        if token not in TOKENS:
            raise Refused(401, "Invalid credentials in Authorization header")
        return TOKENS[token]

    def repo(self, write: bool = False) -> Repo:
        name, right = self.user
        repo = self.store.repos.get((self.kind, self.id))
        if repo is None or (repo.private and repo.owner != name):
            raise Refused(404 if name else 401, "Repository not found", "RepoNotFound")
        if write and name is None:
            raise Refused(401, "Invalid username or password.")
        if write and (right, repo.owner) != ("write", name):
            raise Refused(403, "you have no right to write here with this token")
        return repo

    def commit(self) -> Commit:
        commit = self.repo().find(self.revision)
        if commit is None:
            raise Refused(404, f"Invalid rev id: {self.revision}", "RevisionNotFound")
        return commit

    def web_url(self) -> str:
        return f"{self.url}/{'datasets/' if self.kind == 'datasets' else ''}{self.id}"


# ------------------------------------------------------------------------------------------------------ repositories


def create_repo(asked: Asked) -> Answer:
    name, right = asked.user
    wanted = asked.json
    asked.kind = wanted.get("type", "model") + "s"
    asked.id = f"{wanted.get('organization') or name}/{wanted['name']}"
    if name is None:
        raise Refused(401, "Invalid username or password.")
    if (right, asked.id.partition("/")[0]) != ("write", name):
        raise Refused(403, f"You don't have the rights to create a {wanted.get('type')} under this namespace")
    body = {"url": asked.web_url(), "name": asked.id}
    if (asked.kind, asked.id) in asked.store.repos:
        return as_json({"error": "You already created this repo", **body}, 409)
    asked.store.create(asked.kind, asked.id, wanted.get("visibility") == "private" or bool(wanted.get("private")))
    return as_json(body)


def delete_repo(asked: Asked) -> Answer:
    wanted = asked.json
    asked.kind, asked.id = wanted.get("type", "model") + "s", f"{wanted['organization']}/{wanted['name']}"
    asked.repo(write=True)
    del asked.store.repos[asked.kind, asked.id]
    return Answer()


def who_am_i(asked: Asked) -> Answer:
    name, right = asked.user
    if name is None:
        raise Refused(401, "Invalid username or password.")
    access = {"type": "access_token", "accessToken": {"displayName": "test", "role": right}}
    return as_json({"type": "user", "name": name, "fullname": name, "orgs": [], "auth": access})


def validate_yaml(asked: Asked) -> Answer:
    content = asked.json["content"]
    parts = content.split("---\n", 2)
    try:
        metadata = yaml.safe_load(parts[1]) if content.startswith("---\n") and len(parts) == 3 else {}
    except yaml.YAMLError as error:
        return as_json({"errors": [{"message": str(error)}], "warnings": []}, 400)
    warnings = [] if metadata else [{"message": "empty or missing yaml metadata in repo card"}]
    return as_json({"errors": [], "warnings": warnings})


def repo_info(asked: Asked) -> Answer:
    repo, commit = asked.repo(), asked.commit()
    date = "2026-01-01T00:00:00.000Z"
    siblings = [{"rfilename": path} for path in commit.files]
    about = {"author": repo.owner, "private": repo.private, "gated": False, "disabled": False, "tags": []}
    counts = {"downloads": 0, "likes": 0, "createdAt": date, "lastModified": date}
    card = {"cardData": metadata} if (metadata := card_metadata(repo, commit)) else {}
    return as_json({"_id": "0", "id": repo.id, "sha": commit.sha, "siblings": siblings, **about, **counts, **card})


def card_metadata(repo: Repo, commit: Commit) -> dict[str, Any]:
    """What stands at the head of the README; pushing one that is broken is refused."""
    content = repo.content(commit.files["README.md"]).decode() if "README.md" in commit.files else ""
    return yaml.safe_load(content.split("---\n", 2)[1]) or {} if content.startswith("---\n") else {}


def list_refs(asked: Asked) -> Answer:
    repo = asked.repo()
    branches = [{"name": n, "ref": f"refs/heads/{n}", "targetCommit": sha} for n, sha in repo.refs.items()]
    tags = [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": sha} for n, sha in repo.tags.items()]
    return as_json({"branches": branches, "tags": tags, "converts": []})


def list_commits(asked: Asked) -> Answer:
    asked.commit()
    date, authors = "2026-01-01T00:00:00.000Z", [{"user": asked.repo().owner}]
    history = asked.repo().history(asked.revision)
    return as_json([{"id": c.sha, "title": c.title, "message": "", "date": date, "authors": authors} for c in history])


def create_branch(asked: Asked) -> Answer:
    repo = asked.repo(write=True)
    if asked.revision in repo.refs:
        raise Refused(409, f"Branch {asked.revision} exists already")
    start = repo.find(asked.json.get("startingPoint", "main"))
    if start is None:
        raise Refused(404, "Invalid starting point", "RevisionNotFound")
    repo.refs[asked.revision] = start.sha
    return as_json({})


def create_tag(asked: Asked) -> Answer:
    repo, tag = asked.repo(write=True), asked.json["tag"]
    if tag in repo.tags:
        raise Refused(409, f"Tag {tag} exists already")
    repo.tags[tag] = asked.commit().sha
    return as_json({})


def delete_branch(asked: Asked) -> Answer:
    if asked.repo(write=True).refs.pop(asked.revision, None) is None:
        raise Refused(404, f"no branch {asked.revision}", "RevisionNotFound")
    return as_json({})


def delete_tag(asked: Asked) -> Answer:
    if asked.repo(write=True).tags.pop(asked.revision, None) is None:
        raise Refused(404, f"no tag {asked.revision}", "RevisionNotFound")
    return as_json({})


# -------------------------------------------------------------------------------------------------------- uploading


def preupload(asked: Asked) -> Answer:
    asked.repo(write=True)
    there = asked.commit().files
    ignored = [line for line in asked.json.get("gitIgnore", "").splitlines() if line and not line.startswith("#")]
    files = []
    for file in asked.json["files"]:
        path = file["path"]
        mode = "lfs" if is_large(path, file["size"], base64.b64decode(file["sample"])) else "regular"
        oid = {"oid": there[path].oid} if path in there else {}
        files.append({"path": path, "uploadMode": mode, "shouldIgnore": is_ignored(path, ignored), **oid})
    return as_json({"files": files})


def is_ignored(path: str, patterns: list[str]) -> bool:
    """The part of git's rules that is tested here: names, and paths and folders from the top."""
    names = [path, *map(str, Path(path).parents)]
    for pattern in patterns:
        if pattern.startswith("/"):
            if any(fnmatch(name, pattern.strip("/")) for name in names):
                return True
        elif fnmatch(Path(path).name, pattern):
            return True
    return False


def lfs_batch(asked: Asked) -> Answer:
    repo = asked.repo(write=True)
    objects = []
    for wanted in asked.json["objects"]:
        # The storage knows no user: whoever has the address may write, so no token is to be sent there.
        upload = {"href": f"{asked.url}/storage/{asked.kind}/{asked.id}/{wanted['oid']}"}
        verify = {"href": f"{asked.web_url()}.git/info/lfs/verify"}
        actions = {} if repo.has(wanted["oid"]) else {"actions": {"upload": upload, "verify": verify}}
        objects.append({"oid": wanted["oid"], "size": wanted["size"], **actions})
    return as_json({"transfer": "basic", "objects": objects})


def store_content(asked: Asked) -> Answer:
    repo = asked.store.repos[asked.kind, asked.id]
    file = repo.keep(asked.request.body, large=True)
    if file.sha256 != asked.path:
        raise Refused(400, "the content is not what was announced")
    return Answer()


def lfs_verify(asked: Asked) -> Answer:
    if not asked.repo(write=True).has(asked.json["oid"]):
        raise Refused(404, "the content did not come", "EntryNotFound")
    return as_json({})


def make_commit(asked: Asked) -> Answer:
    repo = asked.repo(write=True)
    lines = [json.loads(line) for line in asked.request.body.splitlines()]
    header = lines[0]["value"]
    if asked.revision not in repo.refs:
        raise Refused(404, f"Invalid rev id: {asked.revision}", "RevisionNotFound")
    if header.get("parentCommit", repo.refs[asked.revision]) != repo.refs[asked.revision]:
        raise Refused(412, "A commit has happened since. Please refresh and try again.")
    added, deleted = {}, set()
    for line in lines[1:]:
        path = line["value"]["path"]
        if line["key"] == "file":
            added[path] = repo.keep(base64.b64decode(line["value"]["content"]), large=False)
        elif line["key"] == "lfsFile":
            if not repo.has(line["value"]["oid"]):
                raise Refused(400, f"the content of {path} was not uploaded")
            added[path] = repo.keep((repo.contents / line["value"]["oid"]).read_bytes(), large=True)
        elif line["key"] == "deletedFile":
            if path not in asked.commit().files:
                raise Refused(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")
            deleted.add(path)
        else:
            raise Refused(400, f"the local Hub does not know the operation {line['key']}")
    commit = repo.commit(asked.revision, header["summary"], added, frozenset(deleted))
    return as_json({"success": True, "commitUrl": f"{asked.web_url()}/commit/{commit.sha}", "commitOid": commit.sha})


# ------------------------------------------------------------------------------------------------------ downloading


def entry(path: str, files: dict[str, File]) -> dict[str, Any]:
    """A file or a folder, as listings show it."""
    if path not in files:
        return {"type": "directory", "oid": "0" * 40, "size": 0, "path": path}
    file = files[path]
    large = {"lfs": {"oid": file.sha256, "size": file.size, "pointerSize": 130}} if file.large else {}
    return {"type": "file", "oid": file.git_sha1, "size": file.size, "path": path, **large}


def folders_of(files: dict[str, File]) -> set[str]:
    return {str(parent) for path in files for parent in Path(path).parents} - {"."}


def list_tree(asked: Asked) -> Answer:
    files, folder = asked.commit().files, asked.path.strip("/")
    folders = folders_of(files)
    if folder and folder not in folders:
        raise Refused(404, f"{folder} does not exist", "EntryNotFound", X_Repo_Commit=asked.commit().sha)
    below = sorted(path for path in files.keys() | folders if path.startswith(f"{folder}/" if folder else ""))
    if asked.query.get("recursive", ["False"])[0].lower() not in ("true", "1"):
        below = [path for path in below if str(Path(path).parent) == (folder or ".")]
    return as_json([entry(path, files) for path in below])


def paths_info(asked: Asked) -> Answer:
    files = asked.commit().files
    known = files.keys() | folders_of(files)
    paths = [path.strip("/") for path in parse_qs(asked.request.body.decode())["paths"]]
    return as_json([entry(path, files) for path in paths if path in known])


def resolve(asked: Asked) -> Answer:
    repo, commit = asked.repo(), asked.commit()
    if asked.path not in commit.files:
        raise Refused(404, "Entry not found", "EntryNotFound", X_Repo_Commit=commit.sha)
    file = commit.files[asked.path]
    content, status = repo.content(file), 200
    headers = {"ETag": f'"{file.oid}"', "X-Repo-Commit": commit.sha, "Accept-Ranges": "bytes"}
    if file.large:
        headers |= {"X-Linked-Etag": f'"{file.oid}"', "X-Linked-Size": str(file.size)}
    if wanted := re.fullmatch(r"bytes=(\d+)-(\d*)", asked.request.headers.get("range", "")):
        first, last = int(wanted[1]), min(int(wanted[2] or file.size), file.size - 1)
        if first >= file.size:
            raise Refused(416, "no such range", Content_Range=f"bytes */{file.size}")
        content, status = content[first : last + 1], 206
        headers["Content-Range"] = f"bytes {first}-{last}/{file.size}"
    return Answer(status, content, headers)


ROUTES = [
    ("POST", "/api/repos/create", create_repo),
    ("DELETE", "/api/repos/delete", delete_repo),
    ("GET", "/api/whoami-v2", who_am_i),
    ("POST", "/api/validate-yaml", validate_yaml),
    ("GET", API, repo_info),
    ("GET", rf"{API}/revision/(?P<revision>[^/]+)", repo_info),
    ("GET", rf"{API}/refs", list_refs),
    ("GET", rf"{API}/commits/(?P<revision>[^/]+)", list_commits),
    ("POST", rf"{API}/branch/(?P<revision>[^/]+)", create_branch),
    ("DELETE", rf"{API}/branch/(?P<revision>[^/]+)", delete_branch),
    ("POST", rf"{API}/tag/(?P<revision>[^/]+)", create_tag),
    ("DELETE", rf"{API}/tag/(?P<revision>[^/]+)", delete_tag),
    ("POST", rf"{API}/preupload/(?P<revision>[^/]+)", preupload),
    ("POST", rf"{FILES}\.git/info/lfs/objects/batch", lfs_batch),
    ("POST", rf"{FILES}\.git/info/lfs/verify", lfs_verify),
    ("PUT", rf"/storage/(?P<kind>models|datasets)/{REPO}/(?P<path>[0-9a-f]+)", store_content),
    ("POST", rf"{API}/commit/(?P<revision>[^/]+)", make_commit),
    ("GET", rf"{API}/tree/(?P<revision>[^/]+)(?P<path>/.*)?", list_tree),
    ("POST", rf"{API}/paths-info/(?P<revision>[^/]+)", paths_info),
    ("HEAD", rf"{FILES}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", resolve),
    ("GET", rf"{FILES}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", resolve),
]
