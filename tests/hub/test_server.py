"""The local Hub behaves as the libraries expect of the real one, for models and datasets that others push too."""

import pytest
from datasets import Dataset, load_dataset
from huggingface_hub import HfApi, HfFileSystem, hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.hub.routes import OTHER_TOKEN, READ_TOKEN, WRITE_TOKEN
from tests.srml.training import TOKENIZER, build_trainer


NAME = "alice/thing"


@pytest.fixture
def api(hub) -> HfApi:
    api = HfApi(token=WRITE_TOKEN)
    api.create_repo(NAME)
    return api


def test_a_trainer_pushes_what_from_pretrained_reads(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", WRITE_TOKEN)
    trainer = build_trainer(max_steps=1, save_strategy="steps", save_steps=1, push_to_hub=True, hub_model_id=NAME)
    trainer.train()
    trainer.push_to_hub()
    model = AutoModelForCausalLM.from_pretrained(NAME)
    assert model.num_parameters() == trainer.model.num_parameters()
    assert AutoTokenizer.from_pretrained(NAME).get_vocab() == TOKENIZER.get_vocab()


def test_a_dataset_pushes_itself(hub):
    Dataset.from_dict({"a": [1, 2]}).push_to_hub(NAME, token=WRITE_TOKEN, private=True)
    assert load_dataset(NAME, split="train", token=READ_TOKEN)["a"] == [1, 2]


def test_commits_are_snapshots(hub, api, tmp_path):
    shas = []
    for content in (b"one", b"two", b"three"):
        commit = api.upload_file(path_or_fileobj=content, path_in_repo="folder/a.txt", repo_id=NAME)
        shas.append(commit.oid)
        if content == b"one":
            api.create_tag(NAME, tag="v1")
            api.create_branch(NAME, branch="side")
    assert [commit.commit_id for commit in api.list_repo_commits(NAME)][:3] == shas[::-1]
    for revision, content in {"main": "three", "v1": "one", "side": "one", shas[1]: "two"}.items():
        folder = snapshot_download(NAME, revision=revision, local_dir=tmp_path / revision)
        assert (tmp_path / revision / "folder/a.txt").read_text() == content, folder
    api.delete_file("folder/a.txt", NAME, revision="side")
    assert api.list_repo_files(NAME, revision="side") == [".gitattributes"]
    api.delete_tag(NAME, tag="v1")
    api.delete_branch(NAME, branch="side")
    refs = api.list_repo_refs(NAME)
    assert [branch.name for branch in refs.branches] == ["main"] and refs.tags == []


def test_a_part_of_a_file(hub, api):
    content = bytes(range(256)) * 8
    api.upload_file(path_or_fileobj=content, path_in_repo="a.bin", repo_id=NAME)
    with HfFileSystem().open(f"{NAME}/a.bin", "rb", block_size=100) as file:
        file.seek(1000)
        assert file.read(50) == content[1000:1050]
    assert any("range" in request.headers for request in hub.sent("GET", "/resolve/"))


def test_what_is_not_there(hub, api):
    for error, arguments in {
        EntryNotFoundError: (NAME, "b.txt"),
        RepositoryNotFoundError: ("alice/other", "b.txt"),
    }.items():
        with pytest.raises(error):
            hf_hub_download(*arguments, token=WRITE_TOKEN)
    with pytest.raises(RevisionNotFoundError):
        api.list_repo_files(NAME, revision="nowhere")
    with pytest.raises(HfHubHTTPError, match="409"):
        api.create_repo(NAME)
    with pytest.raises(HfHubHTTPError, match="403"):
        HfApi(token=OTHER_TOKEN).delete_repo(NAME)
    assert api.whoami()["name"] == "alice"
    api.delete_repo(NAME)
    assert not api.repo_exists(NAME)
