"""Downloading from a Hub on 127.0.0.1: pinned to a commit, nothing fetched twice, and whole folders that load."""

import json
from pathlib import Path

import pytest
import torch
from datasets import Dataset, load_dataset
from huggingface_hub import HfApi
from transformers import AutoModelForCausalLM, AutoTokenizer

from funreason_trl.data.sources import load_rows
from funreason_trl.hub import HubError, download, push_dataset, push_model
from tests.hub.routes import OTHER_TOKEN, READ_TOKEN, WRITE_TOKEN
from tests.hub.test_datasets import ROWS, build
from tests.hub.trained import train_into


NAME = "alice/caller"
PIN = ".funreason_download"


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    return train_into(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def commits(hub, trained) -> dict[str, str]:
    """Two versions of a model: the first one has the tag v1, the second is `main`."""
    push_model(trained / "base", NAME, tag="v1", token=WRITE_TOKEN)
    push_model(trained / "full", NAME, token=WRITE_TOKEN)
    repo = hub.repo(NAME, "models")
    return {"v1": repo.tags["v1"], "main": repo.refs["main"]}


def logits(name: Path) -> torch.Tensor:
    with torch.no_grad():
        return AutoModelForCausalLM.from_pretrained(name).eval()(torch.tensor([[5, 6, 7, 8]])).logits


def test_a_model_at_a_pinned_revision(hub, trained, commits, tmp_path):
    for revision, folder in {None: "full", "v1": "base", commits["v1"]: "base"}.items():
        output = tmp_path / "downloads" / str(revision)
        downloaded = download("model", NAME, output, revision=revision)
        commit = commits["v1" if revision else "main"]
        assert (downloaded.commit, downloaded.revision) == (commit, revision or "main")
        assert json.loads((output / PIN).read_text())["commit"] == commit
        assert torch.equal(logits(output), logits(trained / folder))
        assert AutoTokenizer.from_pretrained(output).chat_template
    hub.stop()  # what was downloaded needs no Hub
    assert torch.equal(logits(tmp_path / "downloads" / "v1"), logits(trained / "base"))


def test_a_dataset(hub, tmp_path):
    push_dataset(build(tmp_path / "built", 8), "alice/calls", token=WRITE_TOKEN)
    downloaded = download("dataset", "alice/calls", tmp_path / "calls")
    assert downloaded.commit == hub.repo("alice/calls").refs["main"]
    rows = load_dataset(str(tmp_path / "calls"), split="train")
    assert rows["id"] == [row["id"] for row in ROWS[:8]]
    push_dataset(tmp_path / "calls", "alice/again", token=WRITE_TOKEN)  # it is as `funreason build` wrote it
    assert len(load_dataset("alice/again", split="rejected")) == 2


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_dataset_without_a_card_loads_from_its_folder(hub, tmp_path, suffix):
    """Where no card names the files of rows, whatever looks like rows is read as rows."""
    rows, file = Dataset.from_list(ROWS[:3]), tmp_path / f"rows.{suffix}"
    rows.to_parquet(file) if suffix == "parquet" else rows.to_json(file)
    api = HfApi(token=WRITE_TOKEN)
    api.create_repo("alice/bare", repo_type="dataset")
    for path in (f"rows.{suffix}", f"checkpoint-rows/optimizer.{suffix}"):
        api.upload_file(path_or_fileobj=file, path_in_repo=path, repo_id="alice/bare", repo_type="dataset")
    download("dataset", "alice/bare", tmp_path / "bare")
    assert len(load_dataset(str(tmp_path / "bare"), split="train")) == len(load_rows(tmp_path / "bare")) == 6
    # Only of a model such names are those of pickles and states.
    assert (tmp_path / f"bare/checkpoint-rows/optimizer.{suffix}").is_file()


def test_the_commit_is_fixed_before_anything_is_fetched(hub, trained, commits, tmp_path, monkeypatch):
    from funreason_trl.hub import downloads

    fetch = downloads.snapshot_download

    def after_another_push(*arguments, **keywords):
        push_model(trained / "base", NAME, token=WRITE_TOKEN)
        return fetch(*arguments, **keywords)

    monkeypatch.setattr(downloads, "snapshot_download", after_another_push)
    downloaded = download("model", NAME, tmp_path / "pinned")
    assert downloaded.commit == commits["main"] != hub.repo(NAME, "models").refs["main"]
    assert torch.equal(logits(tmp_path / "pinned"), logits(trained / "full"))


def test_nothing_is_fetched_twice(hub, trained, commits, tmp_path):
    hub.fail("GET", "/resolve/", nth=3, status=404)
    with pytest.raises(HubError, match=r"start the download again; what has arrived is not fetched twice|HTTP 404"):
        download("model", NAME, tmp_path / "model")
    hub.heal()
    there = {path.name for path in (tmp_path / "model").glob("*") if path.is_file()} - {PIN}
    hub.requests.clear()
    download("model", NAME, tmp_path / "model")
    fetched = {request.path.rpartition("/")[2] for request in hub.sent("GET", "/resolve/")}
    assert there and fetched and not there & fetched
    hub.requests.clear()
    download("model", NAME, tmp_path / "model")
    assert hub.sent("GET", "/resolve/") == []
    assert torch.equal(logits(tmp_path / "model"), logits(trained / "full"))


def test_pickles_are_left_there(hub, commits, tmp_path):
    api = HfApi(token=WRITE_TOKEN)
    for path in ("training_args.bin", "optimizer.pt", "last-checkpoint/optimizer.pt", "checkpoint-7/rng_state.pth"):
        api.upload_file(path_or_fileobj=b"\x80pickle", path_in_repo=path, repo_id=NAME)
    download("model", NAME, tmp_path / "model")
    assert not [path for path in (tmp_path / "model").rglob("*") if path.suffix in (".bin", ".pt", ".pth")]


def test_folders_that_hold_something_else(hub, commits, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(HubError, match="mine is not empty, and no download was begun in it; choose another folder"):
        download("model", NAME, tmp_path / "mine")
    download("model", NAME, tmp_path / "model", revision="v1")
    with pytest.raises(HubError, match=f"holds alice/caller at commit {commits['v1']}.*give revision={commits['v1']}"):
        download("model", NAME, tmp_path / "model")
    (tmp_path / "model" / PIN).write_text("{}")
    with pytest.raises(HubError, match=f"{PIN} is broken; delete"):
        download("model", NAME, tmp_path / "model")


@pytest.mark.parametrize(
    ("kind", "name", "revision", "message"),
    [
        ("model", "caller", None, "'caller' has no owner; give it as user/name"),
        ("model", "alice/nothing", None, "there is no model alice/nothing at http.*check the name"),
        ("dataset", NAME, None, "there is no dataset alice/caller"),
        ("model", NAME, "v2", "alice/caller has no branch, tag or commit 'v2'"),
    ],
)
def test_what_is_not_there(hub, commits, tmp_path, kind, name, revision, message):
    with pytest.raises(HubError, match=message):
        download(kind, name, tmp_path / "out", revision=revision)
    assert not (tmp_path / "out").exists()


def test_private(hub, trained, tmp_path, monkeypatch, caplog):
    caplog.set_level("DEBUG")
    push_model(trained / "full", NAME, private=True, token=WRITE_TOKEN)
    for token in (None, OTHER_TOKEN):
        with pytest.raises(HubError, match=r"or it is private .*log in with `hf auth login`") as caught:
            download("model", NAME, tmp_path / "out", token=token)
        assert OTHER_TOKEN not in str(caught.value)
    with pytest.raises(HubError, match=r"does not know the token|or it is private"):
        download("model", NAME, tmp_path / "out", token="hf_unknown")
    monkeypatch.setenv("HF_TOKEN", READ_TOKEN)
    download("model", NAME, tmp_path / "out")
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert [path for path in written if READ_TOKEN.encode() in path.read_bytes()] == []
    assert READ_TOKEN not in caplog.text and OTHER_TOKEN not in caplog.text


def test_nobody_there(hub, tmp_path, monkeypatch):
    hub.stop()
    with pytest.raises(HubError, match=r"can't reach the Hub at .* start the download again"):
        download("model", NAME, tmp_path / "out")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE is set, so nothing was downloaded"):
        download("model", NAME, tmp_path / "out")
