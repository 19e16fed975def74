"""Pushing a dataset to a Hub on 127.0.0.1: whole or not at all, loadable and trainable, and the token stays secret."""

import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import pytest
from datasets import Json, List, Value, load_dataset
from huggingface_hub import DatasetCard, HfApi
from huggingface_hub.errors import RepositoryNotFoundError

from funreason_trl.building import shards
from funreason_trl.building.build import build_dataset
from funreason_trl.data.rendering import render_dataset
from funreason_trl.data.sample import sample_rows
from funreason_trl.data.sources import load_rows, read_rows
from funreason_trl.hub import HubError, dataset_files, push_dataset
from tests.hub.clients import environment
from tests.hub.routes import OTHER_TOKEN, READ_TOKEN, TOKENS, WRITE_TOKEN
from tests.hub.trained import train_into
from tests.srml.training import train
from tests.tiny import build_tiny_tokenizer


NAME = "alice/calls"
ROWS = [{key: row[key] for key in ("messages", "tools", "id", "source")} for row in sample_rows(16)]


def build(folder: Path, count: int, rows_per_shard: int = 4) -> Path:
    """A dataset of `count` rows in `train` and two in `rejected`."""
    unreasoned = {**ROWS[1], "id": "no reasoning", "messages": [dict(message) for message in ROWS[1]["messages"]]}
    unreasoned["messages"][0]["content"] += " And be quick."
    del unreasoned["messages"][-1]["reasoning_content"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "ROWS_PER_SHARD", rows_per_shard)
        build_dataset([*ROWS[:count], {**ROWS[0], "id": "copy"}, unreasoned], folder, progress=False)
    return folder


@pytest.fixture(scope="module")
def long_set(tmp_path_factory) -> Path:
    """Four shards of training rows."""
    return build(tmp_path_factory.mktemp("long") / "calls", 16)


@pytest.fixture(scope="module")
def short_set(tmp_path_factory) -> Path:
    """Two shards of training rows."""
    return build(tmp_path_factory.mktemp("short") / "calls", 8)


@pytest.fixture
def copied(short_set, tmp_path) -> Path:
    return Path(shutil.copytree(short_set, tmp_path / "copied"))


@pytest.fixture
def impatient(monkeypatch):
    """huggingface_hub waits seconds before it tries again."""
    from huggingface_hub.utils import _http

    monkeypatch.setattr(_http, "time", SimpleNamespace(sleep=lambda seconds: None))


def push(folder: Path, repo_id: str = NAME, token: str | None = WRITE_TOKEN, **more) -> str:
    return push_dataset(folder, repo_id, token=token, **more)


def names(hub, revision: str = "main") -> list[str]:
    return [path for path in hub.repo(NAME).find(revision).files if path != ".gitattributes"]


# ---------------------------------------------------------------------------------------------------------- what loads


def test_it_loads_as_it_was_built(hub, long_set):
    url = push(long_set)
    assert url == f"{hub.url}/datasets/{NAME}/commit/{hub.repo(NAME).refs['main']}"
    loaded = load_dataset(NAME)
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 16, "rejected": 2}  # and none hard
    columns = {"messages": List(Json()), "tools": List(Json()), "id": Value("string"), "source": Value("string")}
    assert loaded["train"].features == {**columns, "provenance": Json()}
    assert [{key: row[key] for key in columns} for row in loaded["train"]] == ROWS
    assert {row["id"]: "left_out" in row["provenance"] for row in loaded["rejected"]} == {
        "copy": True,
        "no reasoning": False,
    }
    for split, rows in load_dataset(NAME, streaming=True).items():
        assert list(rows) == list(loaded[split])
    assert list(read_rows(NAME)) == list(load_rows(NAME)) == ROWS
    assert len(list(read_rows(NAME, split="rejected"))) == 2


def test_what_is_pushed(hub, long_set):
    push(long_set)
    shard_names = [f"data/train-0000{number}-of-00004.parquet" for number in range(4)]
    one_each = ["data/hard-00000-of-00001.parquet", "data/rejected-00000-of-00001.parquet"]
    assert names(hub) == sorted(["README.md", "funnel.png", "stats.json", *one_each, *shard_names])
    assert (long_set / "journal.sqlite").exists() and (long_set / "errors.jsonl").exists()
    card = DatasetCard.load(NAME)
    card.validate()
    (config,) = card.data.configs
    assert [data_file["split"] for data_file in config["data_files"]] == ["train", "rejected"]


@pytest.mark.parametrize("streaming", [False, True])
def test_it_trains(hub, short_set, streaming):
    push(short_set)
    rows = load_dataset(NAME, split="train", streaming=streaming)
    one_step = {"max_steps": 1, "per_device_train_batch_size": 1}
    trained = train(render_dataset(rows, form="python"), **one_step)
    assert trained.state.log_history[0]["loss/think"] > 0 and trained.state.log_history[0]["loss/result"] > 0
    tokenizer = build_tiny_tokenizer(added_tags=True)
    tokenizer.chat_template = files("trl").joinpath("chat_templates/qwen3.jinja").read_text(encoding="utf-8")
    trained = train(rows, tokenizer=tokenizer, **one_step)  # as they are: messages, tools, and columns beside them
    assert trained.state.log_history[0]["loss/think"] > 0 and trained.state.log_history[0]["loss/result"] > 0


# ------------------------------------------------------------------------------------------------- push upon push


def test_a_second_push_leaves_nothing_of_the_first(hub, long_set, short_set):
    push(long_set)
    api = HfApi(token=WRITE_TOKEN)
    api.upload_file(path_or_fileobj=b"mine", path_in_repo="data/notes.txt", repo_id=NAME, repo_type="dataset")
    push(short_set)
    assert [name for name in names(hub) if "train" in name] == [
        "data/train-00000-of-00002.parquet",
        "data/train-00001-of-00002.parquet",
    ]
    assert "data/notes.txt" in names(hub)
    assert load_dataset(NAME, split="train")["id"] == [row["id"] for row in ROWS[:8]]
    titles = [commit.title for commit in hub.repo(NAME).history("main")]
    assert len(titles) == 4  # the first one, and one for each upload


def test_the_same_again_makes_no_commit(hub, short_set):
    first = push(short_set)
    sent = len(hub.sent("PUT", "/storage/"))
    assert push(short_set) == first
    assert len(hub.repo(NAME).commits) == 2 and len(hub.sent("PUT", "/storage/")) == sent


@pytest.mark.parametrize("status", [500, None])
def test_a_broken_upload_goes_on_where_it_broke(hub, long_set, impatient, status):
    push(long_set)
    assert len(hub.sent("PUT", "/storage/")) == 7  # six shards and the picture
    hub.store.repos.clear()
    hub.requests.clear()

    hub.fail("PUT", "/storage/", nth=4, status=status)
    with pytest.raises(HubError, match="start the push again; what has arrived is not sent twice"):
        push(long_set)
    assert names(hub) == []  # nobody can load half of it
    there = {path.name for path in hub.repo(NAME).contents.iterdir()}
    hub.heal()
    hub.requests.clear()
    push(long_set)
    again = {request.path.rpartition("/")[2] for request in hub.sent("PUT", "/storage/")}
    assert len(again) == 4 and not again & there
    assert len(load_dataset(NAME, split="train")) == 16


def test_a_refused_commit_sends_no_content_again(hub, short_set):
    hub.fail("POST", "/commit/", times=1, status=503)
    with pytest.raises(HubError, match="HTTP 503"):
        push(short_set)
    sent = len(hub.sent("PUT", "/storage/"))
    push(short_set)
    assert len(hub.sent("PUT", "/storage/")) == sent
    assert len(load_dataset(NAME, split="train")) == 8


# --------------------------------------------------------------------------------------- private, branches, tags


def test_private(hub, short_set, monkeypatch):
    push(short_set, private=True)
    for token in (None, OTHER_TOKEN):
        with pytest.raises(RepositoryNotFoundError):
            HfApi(token=token or False).dataset_info(NAME)
    assert len(load_dataset(NAME, split="train", token=READ_TOKEN)) == 8
    monkeypatch.setenv("HF_TOKEN", READ_TOKEN)
    assert len(list(read_rows(NAME))) == 8
    push(short_set)  # without `private` it stays what it was
    assert hub.repo(NAME).private


def test_a_public_repository_is_not_taken_for_a_private_one(hub, short_set, long_set):
    push(short_set)
    with pytest.raises(HubError, match="exists and is public"):
        push(long_set, private=True)
    assert len(hub.repo(NAME).commits) == 2


def test_branches_and_tags(hub, short_set, long_set):
    push(short_set)
    HfApi(token=WRITE_TOKEN).create_tag(NAME, repo_type="dataset", tag="v1")
    push(long_set, revision="next/round")
    assert hub.repo(NAME).refs["main"] == hub.repo(NAME).tags["v1"]
    assert len(load_dataset(NAME, split="train")) == 8
    assert len(load_dataset(NAME, split="train", revision="next/round")) == 16
    push(long_set)
    push(long_set, revision="next/round")  # once more to a branch that is there
    assert len(load_dataset(NAME, split="train")) == 16
    assert len(load_dataset(NAME, split="train", revision="v1")) == 8
    with pytest.raises(HubError, match="'v1' is a tag of alice/calls"):
        push(long_set, revision="v1")
    push(short_set, tag="v2")
    assert len(load_dataset(NAME, split="train", revision="v2")) == 8
    with pytest.raises(HubError, match="has a tag 'v2' already"):
        push(long_set, tag="v2")


# ------------------------------------------------------------------------------------------------------- what to do


@pytest.mark.parametrize(
    ("repo_id", "token", "message"),
    [
        ("calls", WRITE_TOKEN, "'calls' has no owner; give it as user/name"),
        ("alice/my calls", WRITE_TOKEN, "'alice/my calls' is malformed"),
        ("a/b/c", WRITE_TOKEN, "'a/b/c' is malformed"),
        (NAME, None, "no token to push with; log in with `hf auth login`"),
        (NAME, "", "no token to push with"),
        (NAME, "hf_unknown", "does not know the token"),
        (NAME, READ_TOKEN, "may not write to alice/calls .*use one with the right to write to 'alice'"),
        (NAME, OTHER_TOKEN, "may not write to alice/calls"),
        (NAME, "hf_broken token", "white space or characters outside ASCII"),
    ],
)
def test_name_and_token(hub, short_set, repo_id, token, message):
    with pytest.raises(HubError, match=message) as caught:
        push(short_set, repo_id, token)
    assert token in (None, "") or token not in str(caught.value)
    assert hub.store.repos == {}


def test_a_token_that_may_read_what_is_there(hub, short_set, long_set):
    push(short_set)
    with pytest.raises(HubError, match="may not write to alice/calls"):
        push(long_set, token=READ_TOKEN)


@pytest.mark.parametrize("missing", ["README.md", "stats.json", "data/train-00001-of-00002.parquet", "data/hard*"])
def test_a_folder_that_is_not_whole(hub, copied, missing):
    (path,) = copied.glob(missing)
    path.unlink()
    with pytest.raises(HubError, match=f"{missing.partition('*')[0]}.* missing; build it again"):
        push(copied)
    assert hub.requests == []


def test_folders_that_no_build_finished(copied, tmp_path):
    with pytest.raises(HubError, match="is no folder; give the output of `funreason build`"):
        dataset_files(tmp_path / "nowhere")
    shutil.copy(copied / "data/train-00000-of-00002.parquet", copied / "data/train-00000-of-00003.parquet")
    with pytest.raises(HubError, match="shards of two builds of 'train'"):
        dataset_files(copied)
    (copied / "data/train-00000-of-00003.parquet").unlink()
    (copied / "fates.jsonl").touch()
    with pytest.raises(HubError, match="is one part of a dataset; run `funreason merge`"):
        dataset_files(copied)
    (copied / "fates.jsonl").unlink()
    (copied / ".rejected.unfinished").mkdir()
    with pytest.raises(HubError, match=r"its build did not end; .* --resume true"):
        dataset_files(copied)


def test_a_card_that_is_broken(hub, copied):
    (copied / "README.md").write_text("---\ntags: [a\n---\n\n# calls\n")
    with pytest.raises(HubError, match=r"Invalid metadata in README\.md"):
        push(copied)
    assert names(hub) == []


def test_nobody_there(hub, short_set, monkeypatch):
    hub.stop()
    with pytest.raises(HubError, match=f"can't reach the Hub at {hub.url} .*check the network and HF_ENDPOINT"):
        push(short_set)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE is set"):
        push(short_set)


def test_somebody_else_pushes_at_the_same_time(hub, short_set, long_set, monkeypatch):
    push(short_set)
    create_commit = HfApi.create_commit

    def after_another(self, *arguments, **keywords):
        hub.repo(NAME).commit("main", "meanwhile", {})
        return create_commit(self, *arguments, **keywords)

    monkeypatch.setattr(HfApi, "create_commit", after_another)
    with pytest.raises(HubError, match="somebody else changed alice/calls meanwhile"):
        push(long_set)


# -------------------------------------------------------------------------------------------------------- the token


def test_the_token_is_in_the_headers_to_the_hub_and_nowhere_else(hub, copied, tmp_path):
    """A process of its own, which logs all it can: the environment is enough, offline mode or not."""
    home = tmp_path / "home"
    told = environment(hub.url, home, HF_TOKEN=WRITE_TOKEN, HF_DEBUG="1", HF_HUB_VERBOSITY="debug")
    model = train_into(tmp_path / "trained") / "full"
    command = [sys.executable, "-m", "tests.hub.push_and_load", str(copied), str(model), str(tmp_path / "downloaded")]
    done = subprocess.run(
        command, env=told, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "8"
    assert "may not write to bob/calls" in done.stderr and "<TOKEN>" in done.stderr  # it did log the requests

    assert WRITE_TOKEN not in done.stdout + done.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    for folder in (home, copied, tmp_path / "downloaded"):
        assert any(path.is_relative_to(folder) for path in written)
    assert [path for path in written if WRITE_TOKEN.encode() in path.read_bytes()] == []
    assert {request.token for request in hub.sent("PUT", "/storage/")} == {None}
    assert {request.token for request in hub.sent("POST", "/api/")} == {WRITE_TOKEN}
    for request in hub.requests:
        elsewhere = [value for name, value in request.headers.items() if name != "authorization"]
        assert WRITE_TOKEN not in f"{request.path} {elsewhere}" and WRITE_TOKEN.encode() not in request.body


def test_no_error_shows_a_token(hub, short_set, impatient, caplog):
    """Neither its message nor what hangs on it; also where the server repeats what it was sent."""
    caplog.set_level("INFO")
    for part in ("/create", "/validate-yaml", "/preupload/", "/objects/batch", "/storage/", "/verify", "/commit/"):
        method = "PUT" if part == "/storage/" else "POST"
        for status in (400, 403, 500):
            hub.fail(method, part, status=status, says=f"refused: Bearer {WRITE_TOKEN}")
            with pytest.raises(HubError) as caught:
                push(short_set)
            hub.heal()
            hub.store.repos.clear()
            error = caught.value
            assert WRITE_TOKEN not in str(error) and error.__cause__ is None and error.__suppress_context__
    assert not any(token in caplog.text for token in TOKENS)
