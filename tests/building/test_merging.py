"""Parts, merged, are what one build of all rows gives; and what does not belong together is refused by name."""

import json

import pytest

from funreason_trl.building import shards
from funreason_trl.building.build import build_dataset
from funreason_trl.building.contamination import Contamination
from funreason_trl.building.merging import PartError, find_parts, merge_parts
from funreason_trl.building.parts import part_folder
from funreason_trl.data.sample import sample_rows
from funreason_trl.fcdr.verdicts import Outcome, Stage
from funreason_trl.scripts import built
from funreason_trl.scripts.cli import main
from tests.fcdr.scripted import ScriptedJudge


def changed(row, id, query=None, **answer):
    question, reply = row["messages"][0], row["messages"][-1]
    question = question if query is None else {**question, "content": query}
    return {**row, "id": id, "messages": [question, *row["messages"][1:-1], {**reply, **answer}]}


def near(row, id, words):
    """With the same calls and a few words more: row by row further from the first."""
    return changed(row, id, f"{row['messages'][0]['content']} {words}")


def source():
    """Rows with copies, chains of near copies, rejected, hard and contaminated ones, in all residue classes."""
    rows = list(sample_rows(30))
    unreasoned = [
        changed(row, f"unreasoned {row['id']}", f"{number} times: thanks", reasoning_content="")
        for number, row in enumerate(rows[5:9])
    ]
    for row in unreasoned:
        del row["messages"][-1]["reasoning_content"]
    copies = [changed(row, f"copy {row['id']}") for row in rows[::4]]
    chains = [
        near(row, f"near {row['id']} {n}", "please and thank you so much, dear"[: 7 * n])
        for row in rows[1:4]
        for n in (1, 2, 3, 4)
    ]
    return [*rows[:15], *copies, *chains, *rows[15:], *unreasoned, *copies[:3]]


ROWS = source()
JUDGED = {
    stage: ScriptedJudge(lambda stage, candidate: Outcome.DROP if len(candidate.text) % 7 == 0 else Outcome.PASS)
    for stage in (Stage.REASONING,)
} | {
    Stage.FUNCTION_AND_PARAMETER: ScriptedJudge(
        lambda stage, candidate: [Outcome.PASS, Outcome.REGENERATE, Outcome.PASS, Outcome.ERROR, Outcome.PASS][
            len(candidate.text) % 5
        ]
    )
}
OPTIONS = {
    "judges": JUDGED,
    "contamination": Contamination({"BFCL": [ROWS[17]["messages"][0]["content"]]}),
    "made": {"source": "the test"},
    "progress": False,
}


def build_parts(folder, count, rows=ROWS, **options):
    for index in range(count):
        made = {"source": "the test", "shard": f"{index + 1}/{count}"}
        build_dataset(
            iter(rows), part_folder(folder, index, count), part=(index, count), **{**OPTIONS, "made": made, **options}
        )
    return find_parts([folder])


def content(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("journal"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "set"
    built = build_dataset(iter(ROWS), folder, **OPTIONS)
    # The rest of this file would show nothing if one of these were empty.
    assert all(built.rows.values()) and len(built.tally.errors) > 1
    assert set(built.left_out) == {"exact copy", "near copy", "asked by BFCL"}
    return folder


@pytest.mark.parametrize("count", [1, 4, 7])
def test_however_many_parts_the_merged_dataset_is_that_of_one_build(whole, count, tmp_path, monkeypatch):
    built = merge_parts(build_parts(tmp_path / "parts", count)[::-1], tmp_path / "set")
    assert content(tmp_path / "set") == content(whole)
    assert built.rows == json.loads((whole / "stats.json").read_text())["rows"]
    merge_parts(find_parts([tmp_path / "parts"]), tmp_path / "set")
    assert content(tmp_path / "set") == content(whole)


def test_parts_of_several_files_each(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "ROWS_PER_SHARD", 3)
    monkeypatch.setattr(shards, "ROWS_PER_GROUP", 2)
    build_dataset(iter(ROWS), tmp_path / "one" / "set", **OPTIONS)
    merge_parts(build_parts(tmp_path / "parts", 3), tmp_path / "merged" / "set")
    assert content(tmp_path / "merged" / "set") == content(tmp_path / "one" / "set")
    assert len(list((tmp_path / "merged" / "set" / "data").glob("train-*"))) > 3


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_fewer_rows_than_parts(tmp_path, rows):
    options = {"rows": ROWS[:rows], "judges": {}}
    built = merge_parts(build_parts(tmp_path / "parts", 4, **options), tmp_path / "set")
    assert built.rows["train"] == rows


def test_no_two_parts_hold_copies_of_each_other(tmp_path):
    row = ROWS[0]
    build_parts(tmp_path, 2, rows=[row, changed(row, "copy")], judges={})
    stats = [json.loads((part_folder(tmp_path, index, 2) / "stats.json").read_text()) for index in (0, 1)]
    assert [part["rows"]["train"] for part in stats] == [1, 0]
    assert stats[1]["left_out"] == {"asked by BFCL": 0, "exact copy": 1}


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.fixture
def parts(tmp_path):
    return build_parts(tmp_path / "parts", 2, rows=ROWS[:6], judges={})


def rebuild(part, rows=6, **options):
    build_dataset(ROWS[:rows], part, part=(1, 2), **{**OPTIONS, "judges": {}, **options})


def refused(parts, output, words):
    with pytest.raises(PartError) as refusal:
        merge_parts(parts, output)
    assert words in str(refusal.value)
    assert not output.exists()


def test_a_part_that_was_ended_is_not_complete(parts, tmp_path):
    def cut_off():
        yield from ROWS[:4]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        build_dataset(cut_off(), parts[1], part=(1, 2), **OPTIONS)
    refused(parts, tmp_path / "set", "part-00002-of-00002 is not complete: start its build again")


def test_a_part_is_missing_or_there_twice(parts, tmp_path):
    refused(parts[:1], tmp_path / "set", "part-00002-of-00002 is missing: build it (`--shard 2/2`)")
    refused([*parts, parts[0]], tmp_path / "set", "are both part 1: leave one out")
    refused([], tmp_path / "set", "there are no parts to merge")


def test_parts_of_other_runs(parts, tmp_path):
    others = build_parts(tmp_path / "others", 3, rows=ROWS[:6], judges={})
    refused([parts[0], others[1]], tmp_path / "set", "part-00002-of-00003 is one of 3 parts")
    rebuild(parts[1], rows=5)
    refused(parts, tmp_path / "set", "built from other rows (5) than")
    rebuild(parts[1], made={"source": "another"})
    refused(parts, tmp_path / "set", "built with made, source 'another'")
    rebuild(parts[1], judges=JUDGED)
    refused(parts, tmp_path / "set", "judges, reasoning 'scripted'")
    rebuild(parts[1], length_unit="letters")
    refused(parts, tmp_path / "set", "length_unit 'letters'")


def test_a_damaged_part_is_named_and_nothing_is_put_in_place(parts, tmp_path):
    lines = (parts[1] / "fates.jsonl").read_text().splitlines(keepends=True)
    for damaged, words in (
        (lines[:-1], "has fewer rows in fates.jsonl"),
        (['["hard"]\n', *lines[1:]], "has fewer rows in hard"),
    ):
        (parts[1] / "fates.jsonl").write_text("".join(damaged))
        with pytest.raises(PartError, match=f"part-00002-of-00002 {words}"):
            merge_parts(parts, tmp_path / "set")
        assert not (tmp_path / "set" / "data").exists()


def test_a_folder_without_parts(tmp_path):
    with pytest.raises(PartError, match="is no part and holds none"):
        find_parts([tmp_path])


# ------------------------------------------------------------------------------------------------------------- command


def test_the_command_takes_a_folder_of_parts_or_the_parts(parts, tmp_path, capsys):
    main(["merge", "--parts", str(parts[0].parent), "--output", str(tmp_path / "a" / "set")])
    assert "query and tool" in capsys.readouterr().out
    main(["merge", "--parts", *map(str, parts), "--output", str(tmp_path / "b" / "set")])
    assert content(tmp_path / "a") == content(tmp_path / "b")
    with pytest.raises(SystemExit, match=r"funreason merge: .*part-00002-of-00002 is missing"):
        main(["merge", "--parts", str(parts[0]), "--output", str(tmp_path / "c")])


def test_what_is_whole_is_pushed(parts, tmp_path, monkeypatch, capsys):
    pushed = []
    monkeypatch.setattr(built, "push_dataset", lambda *a, **more: pushed.append((a, more)) or "the address")
    command = ["merge", "--parts", str(parts[0].parent), "--output", str(tmp_path / "set"), "--push_to_hub", "me/set"]
    monkeypatch.setenv("HF_TOKEN", "")
    with pytest.raises(SystemExit, match="funreason merge: there is no token to push with"):
        main(command)
    assert not (tmp_path / "set").exists()
    monkeypatch.setenv("HF_TOKEN", "hf_of_nobody")
    main(command)
    assert pushed == [((tmp_path / "set", "me/set"), {"private": False})]
    assert "the address" in capsys.readouterr().out
    for index in (0, 1):
        errors = {stage: ScriptedJudge(lambda stage, candidate: Outcome.ERROR) for stage in (Stage.REASONING,)}
        build_dataset(ROWS[:6], parts[index], part=(index, 2), **{**OPTIONS, "judges": errors})
    with pytest.raises(SystemExit, match="funreason merge: me/set was not pushed, since 6 rows came to no verdict"):
        main(command)
    assert len(pushed) == 1
