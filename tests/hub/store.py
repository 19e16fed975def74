"""What the local Hub keeps: repositories of commits, each one a snapshot, and the branches and tags that point at them.

In: files added and deleted. Out: snapshots by commit, branch or tag. Contents lie in a folder by their sha256, as the
Hub's large file storage keeps them; the rest is in memory.
"""

import hashlib
import itertools
from dataclasses import dataclass, field
from pathlib import Path


# As the Hub's .gitattributes; anything binary or longer than 10 MB goes the same way.
LARGE_SUFFIXES = (".parquet", ".arrow", ".safetensors", ".bin", ".gguf", ".gz", ".png", ".jpg", ".zip", ".npz")
LARGE_SIZE = 10 * 2**20


@dataclass(frozen=True)
class File:
    """A file in a snapshot; `large` ones are stored as a pointer to their content."""

    sha256: str
    git_sha1: str
    size: int
    large: bool

    @property
    def oid(self) -> str:
        """What the Hub compares and caches by."""
        return self.sha256 if self.large else self.git_sha1


@dataclass(frozen=True)
class Commit:
    sha: str
    parent: str | None
    title: str
    files: dict[str, File]


@dataclass
class Repo:
    """One repository: `refs` are its branches and `tags` its tags, both by name, with the commit they point at."""

    kind: str
    id: str
    private: bool
    contents: Path
    commits: dict[str, Commit] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self.contents.mkdir(parents=True)
        self.commit("main", "initial commit", {".gitattributes": self.keep(b"*.parquet filter=lfs\n", large=False)})

    @property
    def owner(self) -> str:
        return self.id.partition("/")[0]

    def keep(self, content: bytes, large: bool) -> File:
        """Stores the content of a file."""
        sha256 = hashlib.sha256(content).hexdigest()
        (self.contents / sha256).write_bytes(content)
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(content)}\n".encode()
        return File(sha256, git_sha1(pointer if large else content), len(content), large)

    def has(self, sha256: str) -> bool:
        return (self.contents / sha256).is_file()

    def content(self, file: File) -> bytes:
        return (self.contents / file.sha256).read_bytes()

    def find(self, revision: str) -> Commit | None:
        """The commit of a branch, a tag, or its own name."""
        sha = self.refs.get(revision) or self.tags.get(revision) or revision
        return self.commits.get(sha)

    def commit(self, branch: str, title: str, added: dict[str, File], deleted: frozenset[str] = frozenset()) -> Commit:
        parent = self.commits[self.refs[branch]] if branch in self.refs else None
        before = parent.files if parent else {}
        files = {path: file for path, file in before.items() if path not in deleted} | added
        sha = hashlib.sha1(repr((self.kind, self.id, len(self.commits), title)).encode()).hexdigest()
        self.commits[sha] = Commit(sha, parent.sha if parent else None, title, dict(sorted(files.items())))
        self.refs[branch] = sha
        return self.commits[sha]

    def history(self, revision: str) -> list[Commit]:
        """Newest first."""
        commits = []
        commit = self.find(revision)
        while commit is not None:
            commits.append(commit)
            commit = self.commits[commit.parent] if commit.parent else None
        return commits


@dataclass
class Store:
    """All repositories, by kind (`datasets`, `models`) and id."""

    folder: Path
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    _numbers: itertools.count = field(default_factory=itertools.count)

    def create(self, kind: str, repo_id: str, private: bool) -> Repo:
        repo = Repo(kind, repo_id, private, self.folder / str(next(self._numbers)))
        self.repos[kind, repo_id] = repo
        return repo


def git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def is_large(path: str, size: int, sample: bytes) -> bool:
    """Whether the Hub would take this file through its large file storage."""
    return path.endswith(LARGE_SUFFIXES) or size > LARGE_SIZE or b"\0" in sample
