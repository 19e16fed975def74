"""Pushing models to a Hub on 127.0.0.1: whole ones, adapters and merged ones, with a card, loadable, without secrets."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from huggingface_hub import HfApi, ModelCard
from huggingface_hub.errors import RepositoryNotFoundError
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from funreason_trl.data.rendering import SYSTEM_PROMPT
from funreason_trl.hub import HubError, push_model
from tests.hub.routes import OTHER_TOKEN, READ_TOKEN, TOKENS, WRITE_TOKEN
from tests.hub.trained import python_rows, train_into
from tests.srml.training import TOKENIZER, build_trainer


NAME = "alice/caller"
BESIDE_THE_WEIGHTS = [
    *("README.md", "chat_template.jinja", "funreason_run.json", "generation_config.json", "system_prompt.txt"),
    *("tokenizer.json", "tokenizer_config.json"),
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    return train_into(tmp_path_factory.mktemp("machine-of-alice"))


@pytest.fixture
def copied(trained, tmp_path) -> Path:
    return Path(shutil.copytree(trained / "full", tmp_path / "copied"))


def push(folder: Path, repo_id: str = NAME, token: str | None = WRITE_TOKEN, **more) -> str:
    return push_model(folder, repo_id, token=token, **more)


def pushed(hub, name: str = NAME, revision: str = "main") -> dict[str, bytes]:
    """The files of a model on the Hub, with their content."""
    repo = hub.repo(name, "models")
    files = repo.find(revision).files
    return {path: repo.content(file) for path, file in files.items() if path != ".gitattributes"}


def logits(model) -> torch.Tensor:
    with torch.no_grad():
        return model.eval()(torch.tensor([[5, 6, 7, 8]])).logits


def write_base(adapter: Path, name: str) -> None:
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps({**config, "base_model_name_or_path": name}))


# ---------------------------------------------------------------------------------------------------------- what loads


def test_a_whole_model(hub, trained):
    url = push(trained / "full")
    assert url == f"{hub.url}/{NAME}/commit/{hub.repo(NAME, 'models').refs['main']}"
    assert sorted(pushed(hub)) == sorted([*BESIDE_THE_WEIGHTS, "config.json", "model.safetensors"])
    model = AutoModelForCausalLM.from_pretrained(NAME)
    assert torch.equal(logits(model), logits(AutoModelForCausalLM.from_pretrained(trained / "full")))
    tokenizer = AutoTokenizer.from_pretrained(NAME)
    assert (tokenizer.get_vocab(), tokenizer.chat_template) == (TOKENIZER.get_vocab(), TOKENIZER.chat_template)
    assert GenerationConfig.from_pretrained(NAME).eos_token_id == 2
    assert pushed(hub)["system_prompt.txt"].decode() == SYSTEM_PROMPT


def test_an_adapter_names_a_base_model_that_others_find(hub, trained):
    with pytest.raises(HubError, match=r"is an adapter of .*base, a folder of this machine, .* give base_model"):
        push(trained / "lora")
    assert hub.requests == []
    push(trained / "base", "alice/base")
    push(trained / "lora", base_model="alice/base")
    weights = ["adapter_config.json", "adapter_model.safetensors"]
    assert sorted(pushed(hub)) == sorted([*BESIDE_THE_WEIGHTS, *weights])
    assert json.loads(pushed(hub)["adapter_config.json"])["base_model_name_or_path"] == "alice/base"
    model = AutoModelForCausalLM.from_pretrained(NAME)
    assert torch.equal(logits(model), logits(AutoModelForCausalLM.from_pretrained(trained / "lora")))
    assert not torch.equal(logits(model), logits(AutoModelForCausalLM.from_pretrained("alice/base")))
    card = ModelCard.load(NAME)
    assert (card.data.base_model, card.data.library_name) == ("alice/base", "peft")
    assert GenerationConfig.from_pretrained(NAME).eos_token_id == 2


def test_a_folder_is_no_name_on_the_hub(hub, trained, tmp_path, monkeypatch):
    adapter = Path(shutil.copytree(trained / "lora", tmp_path / "adapter"))
    shutil.copytree(trained / "base", tmp_path / "gpt2")
    monkeypatch.chdir(tmp_path)
    write_base(adapter, "gpt2")
    with pytest.raises(HubError, match="is an adapter of gpt2, a folder of this machine"):
        push(adapter)
    with pytest.raises(HubError, match=r"base_model is \./gpt2; give its name on the Hub"):
        push(adapter, base_model="./gpt2")
    assert hub.requests == []
    write_base(adapter, "/cache/hub/models--alice--base/snapshots/0123456789abcdef")
    push(adapter)
    assert json.loads(pushed(hub)["adapter_config.json"])["base_model_name_or_path"] == "alice/base"


def test_a_merged_adapter_needs_no_base_model(hub, trained):
    push(trained / "lora", base_model="alice/base")
    push(trained / "lora", merge=True)
    assert sorted(pushed(hub)) == sorted([*BESIDE_THE_WEIGHTS, "config.json", "model.safetensors"])
    expected = logits(AutoModelForCausalLM.from_pretrained(trained / "lora"))
    torch.testing.assert_close(logits(AutoModelForCausalLM.from_pretrained(NAME)), expected)
    card = ModelCard.load(NAME)
    assert card.data.library_name == "transformers" and "This model" in card.text
    assert json.loads(pushed(hub)["funreason_run.json"])["merged"] is True
    with pytest.raises(HubError, match="holds a whole model, so there is nothing to merge"):
        push(trained / "full", merge=True)


def test_the_code_of_the_card_runs(hub, trained, capsys, monkeypatch):
    push(trained / "full")
    code = ModelCard.load(NAME).text.split("```python\n")[1].split("```")[0]
    assert "max_new_tokens=1024" in code  # more than the tiny model has places for
    names: dict = {}
    exec(code.replace("max_new_tokens=1024", "max_new_tokens=4"), names)
    assert names["messages"][0]["content"].startswith(SYSTEM_PROMPT + '[{"name":"get_weather"')
    assert names["text"].strip() == capsys.readouterr().out.strip()


# --------------------------------------------------------------------------------------------------- what stays here


def test_what_stays_here(hub, trained):
    checkpoint = trained / "full/checkpoint-1"
    assert {"optimizer.pt", "training_args.bin", "trainer_state.json"} <= {path.name for path in checkpoint.iterdir()}
    push(checkpoint)
    assert sorted(pushed(hub)) == sorted([*BESIDE_THE_WEIGHTS, "config.json", "model.safetensors"])
    push(trained / "lora", "alice/adapter", base_model="alice/base")
    for name in (NAME, "alice/adapter"):
        for path, content in pushed(hub, name).items():
            assert b"machine-of-alice" not in content and b"local_files_only" not in content, path


def test_a_second_push_leaves_other_files_alone(hub, trained):
    push(trained / "full")
    HfApi(token=WRITE_TOKEN).upload_file(path_or_fileobj=b"mine", path_in_repo="notes.txt", repo_id=NAME)
    push(trained / "lora", base_model="alice/base")
    assert "notes.txt" in pushed(hub) and "model.safetensors" not in pushed(hub)


def test_a_broken_upload_goes_on_where_it_broke(hub, trained):
    hub.fail("POST", "/commit/", times=1, status=503)
    with pytest.raises(HubError, match=r"HTTP 503 .* start the push again; what has arrived is not sent twice"):
        push(trained / "full")
    assert pushed(hub) == {}  # nobody can load half of it
    sent = len(hub.sent("PUT", "/storage/"))
    assert sent == 1
    push(trained / "full")
    assert len(hub.sent("PUT", "/storage/")) == sent
    assert AutoModelForCausalLM.from_pretrained(NAME)


# --------------------------------------------------------------------------------------------- private, branches, tags


def test_private(hub, trained):
    push(trained / "full", private=True)
    for token in (None, OTHER_TOKEN):
        with pytest.raises(RepositoryNotFoundError):
            HfApi(token=token or False).model_info(NAME)
    assert AutoModelForCausalLM.from_pretrained(NAME, token=READ_TOKEN)
    push(trained / "base", "alice/open")
    with pytest.raises(HubError, match="exists and is public"):
        push(trained / "full", "alice/open", private=True)


def test_branches_and_tags(hub, trained):
    push(trained / "base", tag="v1")
    push(trained / "full", revision="next")
    assert hub.repo(NAME, "models").refs["main"] == hub.repo(NAME, "models").tags["v1"]
    models = {name: logits(AutoModelForCausalLM.from_pretrained(trained / name)) for name in ("base", "full")}
    for revision, name in {"main": "base", "v1": "base", "next": "full"}.items():
        assert torch.equal(logits(AutoModelForCausalLM.from_pretrained(NAME, revision=revision)), models[name])
    with pytest.raises(HubError, match="has a tag 'v1' already, and tags don't move"):
        push(trained / "full", tag="v1")
    with pytest.raises(HubError, match="'v1' is a tag of alice/caller"):
        push(trained / "full", revision="v1")
    assert torch.equal(logits(AutoModelForCausalLM.from_pretrained(NAME)), models["base"])


# ------------------------------------------------------------------------------------------------------------ the card


def test_the_licence_is_that_of_the_base_model(hub, trained):
    api = HfApi(token=WRITE_TOKEN)
    api.create_repo("alice/base")
    readme = b"---\nlicense: other\nlicense_name: of-alice\nlicense_link: https://example.org/licence\n---\n"
    api.upload_file(path_or_fileobj=readme, path_in_repo="README.md", repo_id="alice/base")
    push(trained / "lora", base_model="alice/base")
    data = ModelCard.load(NAME).data
    assert (data.license, data.license_name, data.license_link) == ("other", "of-alice", "https://example.org/licence")
    push(trained / "full")
    assert ModelCard.load(NAME, ignore_metadata_errors=False).data.license is None


def test_scores_come_into_the_card(hub, trained, tmp_path, caplog):
    score = {"accuracy": 0.5, "low": 0.4, "high": 0.6, "count": 10}
    record = {"settings": {"model": "m"}, "scores": {"m": {"live_ast": score}}, "verdicts": {}, "versions": {}}
    (tmp_path / "scores.json").write_text(json.dumps(record))
    push(trained / "full", scores=[str(tmp_path)])
    (result,) = ModelCard.load(NAME).data.eval_results
    assert (result.metric_value, result.dataset_config) == (0.5, "live_ast")
    assert f"the first scores are of m, and the model is {trained / 'full'};" in caplog.text
    with pytest.raises(HubError, match=r"nowhere is not there; give the output folder of `funreason eval`"):
        push(trained / "full", scores=[str(tmp_path / "nowhere")])


def test_a_card_written_by_hand(hub, trained, tmp_path):
    (tmp_path / "mine.md").write_text("---\nlicense: mit\n---\n\n# Mine\n")
    push(trained / "full", card=tmp_path / "mine.md")
    assert pushed(hub)["README.md"] == (tmp_path / "mine.md").read_bytes()
    with pytest.raises(HubError, match=r"there is no card .*nowhere\.md"):
        push(trained / "full", card=tmp_path / "nowhere.md")


# ---------------------------------------------------------------------------------------------------------- what to do


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("config.json", r"holds no model .* give one of its checkpoints, such as .*checkpoint-1"),
        ("model.safetensors", r"has no weights; save the model with `save_pretrained`"),
        ("tokenizer_config.json", "has no tokenizer; save the model's own"),
    ],
)
def test_a_folder_that_is_not_whole(hub, copied, missing, message):
    (copied / missing).unlink()
    with pytest.raises(HubError, match=message):
        push(copied)
    assert hub.requests == []


def test_folders_that_are_no_models(hub, copied, trained, tmp_path):
    with pytest.raises(HubError, match="is no folder; give one that"):
        push(tmp_path / "nowhere")
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    with pytest.raises(HubError, match=r"no weights but pytorch_model\.bin, a pickle"):
        push(copied)
    (copied / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-00001-of-00002.safetensors"}}')
    with pytest.raises(HubError, match=r"not whole: model-00001-of-00002\.safetensors missing"):
        push(copied)
    (copied / "model.safetensors.index.json").unlink()
    (copied / "pytorch_model.bin").rename(copied / "model.safetensors")
    (copied / "funreason_run.json").write_text("{")
    with pytest.raises(HubError, match=r"funreason_run\.json is not JSON"):
        push(copied)
    adapter = Path(shutil.copytree(trained / "lora", tmp_path / "adapter"))
    write_base(adapter, "/gone/base")
    with pytest.raises(HubError, match="can't load the base model /gone/base"):
        push(adapter, merge=True)
    assert hub.requests == []


@pytest.mark.parametrize(
    ("repo_id", "token", "message"),
    [
        ("caller", WRITE_TOKEN, "'caller' has no owner; give it as user/name"),
        (NAME, None, "no token to push with; log in with `hf auth login`"),
        (NAME, "hf_unknown", "does not know the token"),
        (NAME, READ_TOKEN, "may not write to alice/caller .*use one with the right to write to 'alice''s models"),
    ],
)
def test_name_and_token(hub, trained, repo_id, token, message):
    with pytest.raises(HubError, match=message) as caught:
        push(trained / "full", repo_id, token)
    assert token is None or token not in str(caught.value)
    assert hub.store.repos == {}


# ------------------------------------------------------------------------------------------------- the trainer's own push


def test_the_trainer_pushes_our_card_and_no_token(hub, trained, tmp_path, caplog, capfd):
    caplog.set_level("DEBUG")
    trainer = build_trainer(
        python_rows(),
        output_dir=str(tmp_path / "run"),
        max_steps=2,
        per_device_train_batch_size=2,
        save_strategy="steps",
        save_steps=1,
        push_to_hub=True,
        hub_model_id=NAME,
        hub_token=WRITE_TOKEN,
        hub_strategy="every_save",
    )
    trainer.train()
    for path in ("refinement/journal.sqlite", "training-000/checkpoint-1/optimizer.pt", "mine/notes.txt"):
        (tmp_path / "run" / path).parent.mkdir(parents=True)
        (tmp_path / "run" / path).write_text("x")
    trainer.push_to_hub()
    titles = [commit.title for commit in hub.repo(NAME, "models").history("main")]
    assert any(title.startswith("Training in progress, step") for title in titles) and titles[0] == "End of training"
    card = ModelCard.load(NAME)
    assert {"trl", "srml", "function-calling"} <= set(card.data.tags)
    assert f'name = "{NAME}"' in card.text and "| optimizer steps | 2 |" in card.text
    assert pushed(hub)["system_prompt.txt"].decode() == SYSTEM_PROMPT
    assert "mine/notes.txt" in pushed(hub)
    assert not [path for path in pushed(hub) if path.startswith(("training", "refinement"))]
    push(tmp_path / "run")  # and so does ours, of the same folder
    assert "system_prompt.txt" in pushed(hub) and AutoModelForCausalLM.from_pretrained(NAME)

    assert WRITE_TOKEN not in caplog.text + "".join(capfd.readouterr())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "training_args.bin" for path in files)
    assert [path for path in files if WRITE_TOKEN.encode() in path.read_bytes()] == []


def of_a_base(folder: Path, **values):
    """A trainer of an adapter."""
    values = {"hub_model_id": NAME, "hub_token": WRITE_TOKEN, "max_steps": 1, "save_strategy": "no", **values}
    return build_trainer(
        python_rows(),
        model=AutoModelForCausalLM.from_pretrained(folder),
        arguments={"peft_config": LoraConfig(r=2)},
        per_device_train_batch_size=2,
        **values,
    )


def test_the_trainer_pushes_an_adapter_under_the_base_models_name(hub, trained, tmp_path):
    """The known name of what the quickstart's model lies in; the folder here goes on working without a network."""
    base = Path(shutil.copytree(trained / "base", tmp_path / "smollm2-135m-instruct"))
    steps = {"save_strategy": "steps", "save_steps": 1, "push_to_hub": True, "hub_strategy": "every_save"}
    trainer = of_a_base(base, output_dir=str(tmp_path / "run"), **steps)
    trainer.train()
    assert pushed(hub) == {}  # not in the background
    trainer.push_to_hub()
    name = "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert json.loads(pushed(hub)["adapter_config.json"])["base_model_name_or_path"] == name
    assert [path for path, content in pushed(hub).items() if str(tmp_path).encode() in content] == []
    assert ModelCard.load(NAME).data.base_model == name
    for folder in ("run", "run/checkpoint-1"):
        config = json.loads((tmp_path / folder / "adapter_config.json").read_text())
        assert config["base_model_name_or_path"] == str(base)
    hub.stop()
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "run")


def test_the_trainer_pushes_no_adapter_that_others_can_not_load(hub, trained, tmp_path):
    trainer = of_a_base(trained / "base", output_dir=str(tmp_path / "run"))
    with pytest.raises(ValueError, match=r"an adapter of .*base, a folder of this machine.* `funreason push` with"):
        trainer.push_to_hub()
    assert hub.store.repos == {}
    with pytest.raises(ValueError, match=r"folder of this machine"):  # and not after days of training
        of_a_base(trained / "base", output_dir=str(tmp_path / "run"), push_to_hub=True)


def test_the_trainers_card_has_the_licence(hub, trained, tmp_path):
    (tmp_path / "mine.md").write_text("---\nlicense: apache-2.0\n---\n")
    push(trained / "base", "alice/base", card=tmp_path / "mine.md")
    trainer = of_a_base(Path("alice/base"), output_dir=str(tmp_path / "run"))
    hub.requests.clear()
    trainer.save_model()
    assert hub.requests == [] and ModelCard.load(tmp_path / "run/README.md").data.license is None
    trainer.push_to_hub()
    assert ModelCard.load(NAME).data.license == "apache-2.0"
    assert "## Licence" in (tmp_path / "run/README.md").read_text()


def test_the_users_own_list_of_what_stays_here_is_kept(hub, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/.gitignore").write_text("/mine/\n*.unfinished")
    trainer = build_trainer(python_rows(), output_dir=str(tmp_path / "run"), hub_model_id=NAME, hub_token=WRITE_TOKEN)
    for path in ("mine/notes.txt", "refinement/journal.sqlite"):
        (tmp_path / "run" / path).parent.mkdir(parents=True)
        (tmp_path / "run" / path).write_text("x")
    for _ in range(2):
        trainer.push_to_hub()
    lines = (tmp_path / "run/.gitignore").read_text().splitlines()
    assert lines[:2] == ["/mine/", "*.unfinished"] and "/refinement/" in lines and len(set(lines)) == len(lines)
    assert not [path for path in pushed(hub) if path.startswith(("mine", "refinement", "training_args"))]


def test_no_error_shows_a_token(hub, trained, caplog, monkeypatch):
    """Neither its message nor what hangs on it; also where the server repeats what it was sent."""
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    caplog.set_level("INFO")
    for method, part in (("POST", "/create"), ("POST", "/preupload/"), ("PUT", "/storage/"), ("POST", "/commit/")):
        for status in (403, 500):
            hub.fail(method, part, status=status, says=f"refused: Bearer {WRITE_TOKEN}")
            with pytest.raises(HubError) as caught:
                push(trained / "full")
            hub.heal()
            hub.store.repos.clear()
            error = caught.value
            assert WRITE_TOKEN not in str(error) and error.__cause__ is None and error.__suppress_context__
    assert not any(token in caplog.text for token in TOKENS)
