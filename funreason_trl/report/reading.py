"""What a run left in its folder, also while it is still running.

In: a folder that `funreason train`, `refine` or `quickstart` wrote (or a checkpoint in it). Out: [`read_run`]: a [`Run`].
Of each thing the newest is taken: the log from `funreason_run.json`, `trainer_state.json` or the last checkpoint, rounds
from `refinement/`. No pickle and no model is opened.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from funreason_trl.record import RECORD, ROUNDS, read_record, read_rounds

from .files import COUNT, MEND, NUMBER, OBJECT, TEXT, ReportError, hold, read_object
from .lengths import Lengths, LengthsError, round_lengths


STATE = "trainer_state.json"
PLAN = "plan.json"
SCORES = "scores.json"
QUICKSTART = "results.json"
# How the quickstart calls its model after training.
TRAINED = "after SRML"
# What an adapter's own file says of the training.
_ADAPTER = ("base_model_name_or_path", "peft_type", "r", "lora_alpha", "lora_dropout", "target_modules")

# What the page relies on of each file; whatever else is in them is shown as it stands, or not at all.
_LOG = [{"step?": COUNT}]
_STATE = {"log_history?": _LOG, "max_steps?": COUNT}
_RECORD = {
    **{f"{name}?": OBJECT for name in ("base_model", "dataset", "loss")},
    "training?": {"planned_steps?": COUNT},
    "log_history?": _LOG,
}
_PLAN = {"done?": COUNT, "total?": COUNT}
_ROUND = {
    "round?": COUNT,
    "step?": COUNT,
    "figures?": {"answers?": COUNT},
    "funnel?": {str: {"verdicts": {str: COUNT}, "reasons?": {str: COUNT}}},
    "warnings?": [TEXT],
    "config?": OBJECT,
}
_TRAINED = {"history?": [{"step": COUNT, "think": NUMBER, "result": NUMBER}]}
_QUICKSTART = {"options": {"model": TEXT}, "rounds?": [_ROUND], f"{TRAINED}?": _TRAINED}


@dataclass(frozen=True)
class Run:
    """
    What is known of a run; what is not known is empty.

    Attributes:
        folder (`Path`): Where it is.
        name (`str`): How the page calls it.
        record (`dict`): `funreason_run.json`, less its log and the version of its form.
        history (`list[dict]`): The trainer's log, with `step` counted over all trainings of the run.
        step, total (`int`): Steps that were taken, and that are planned; 0 if not known.
        rounds (`list[dict]`): Lines of `refinement.jsonl`, with `step` counted in the same way.
        lengths (`list[Lengths]`): Of the rounds' answers.
        adapter (`dict`): What `adapter_config.json` says.
        quickstart (`dict`): `results.json` of `funreason quickstart`, less the log.
    """

    folder: Path
    name: str
    record: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    step: int = 0
    total: int = 0
    rounds: list[dict[str, Any]] = field(default_factory=list)
    lengths: list[Lengths] = field(default_factory=list)
    adapter: dict[str, Any] = field(default_factory=dict)
    quickstart: dict[str, Any] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Steps are left to be taken: it runs, or was stopped."""
        return 0 < self.step < self.total


def read_runs(folders: list[Path]) -> list[Run]:
    """The runs, each under a name of its own; errors as in [`read_run`]."""
    return [read_run(folder, name) for folder, name in zip(folders, names_apart(folders), strict=True)]


def names_apart(folders: list[Path]) -> list[str]:
    """The folders' names, with as many of the folders above them as it takes to tell them apart."""
    paths = [folder.resolve() for folder in folders]
    for depth in range(1, max((len(path.parts) for path in paths), default=0) + 1):
        names = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(names)) == len(set(paths)):
            return names
    return []


def read_run(folder: Path, name: str) -> Run:
    """
    Read what there is.

    Args:
        folder (`Path`): Output folder of a run, or one of its checkpoints.
        name (`str`): How the page calls it.

    Raises:
        ReportError: There is no such folder, nothing of a run in it, or a file that is not what it should be.
    """
    if not folder.is_dir():
        raise ReportError(
            f"{folder} is no folder; give the output folder of `funreason train`, `refine` or `quickstart`"
        )
    # The quickstart saves its model and its trainer's log one folder deeper.
    places = [place for place in (folder, folder / "model", folder / "trainer") if place.is_dir()]
    record = next((read_own_record(place) for place in places if (place / RECORD).is_file()), {})
    log = Log()
    trainings = sorted(folder.glob("training-[0-9][0-9][0-9]"))
    if trainings:
        log = _log_of_trainings(trainings)
    else:
        for place in places:
            log = max(log, _log(place), key=lambda one: one.step)
        planned = record.get("training", {}).get("planned_steps", 0)
        log = max(Log(record.get("log_history", []), planned or log.total), log, key=lambda one: one.step)
    quickstart = _quickstart(folder / QUICKSTART)
    rounds = next(filter(None, (_rounds(place) for place in places)), quickstart.get("rounds", []))
    adapter = next((read_object(path) for place in places if (path := place / "adapter_config.json").is_file()), {})
    if not (record or log.history or rounds or quickstart or score_files(folder)):
        raise ReportError(
            f"{folder} holds nothing of a run ({RECORD}, {STATE}, {ROUNDS}, eval/{SCORES} or the quickstart's "
            f"{QUICKSTART}); give the output folder of `funreason train`, `refine` or `quickstart`. A run that has just "
            "begun writes with its first checkpoint or round."
        )
    history = log.history or list(_steps_of_quickstart(quickstart))
    lengths, rounds = _lengths(places, rounds)
    return Run(
        folder,
        name,
        {key: value for key, value in record.items() if key not in ("log_history", "version")},
        history,
        Log(history).step,
        log.total,
        [line | {"step": log.before_round(line) + line.get("step", 0)} for line in rounds],
        lengths,
        {key: adapter[key] for key in _ADAPTER if key in adapter},
        quickstart,
    )


@dataclass(frozen=True)
class Log:
    """A trainer's log; `starts` are the steps before each training, where a run has several."""

    history: list[dict[str, Any]] = field(default_factory=list)
    total: int = 0
    starts: tuple[int, ...] = (0,)

    @property
    def step(self) -> int:
        return max((entry.get("step", 0) for entry in self.history), default=0)

    def before_round(self, line: dict[str, Any]) -> int:
        """Steps before the training that a round follows; with one training, none."""
        number = line.get("round", 1) - 1
        return self.starts[number] if number < len(self.starts) > 1 else 0


def score_files(folder: Path) -> list[Path]:
    """Scores that lie in the run's own folder."""
    return [*sorted(folder.glob(f"*/{SCORES}")), *folder.glob(SCORES)]


def _log(folder: Path) -> Log:
    """Of the trainer in this folder or of its last checkpoint, whichever went on longer."""
    checkpoints = [path for path in folder.glob("checkpoint-*") if path.name.rpartition("-")[2].isdecimal()]
    newest = sorted(checkpoints, key=lambda path: int(path.name.rpartition("-")[2]))[-1:]
    log = Log()
    for place in (*newest, folder):
        if (place / STATE).is_file():
            state = read_object(place / STATE, _STATE)
            found = Log(state.get("log_history", []), state.get("max_steps", 0))
            log = max(log, found, key=lambda one: one.step)
    return log


def _log_of_trainings(folders: list[Path]) -> Log:
    """One log of the trainings that follow each other with `mode="append"`."""
    history: list[dict[str, Any]] = []
    starts, total = [], 0
    for folder in folders:
        plan = read_object(folder / PLAN, _PLAN) if (folder / PLAN).is_file() else {}
        starts.append(plan.get("done", 0))
        total = plan.get("total", total)
        history += [entry | {"step": starts[-1] + entry.get("step", 0)} for entry in _log(folder).history]
    return Log(history, total, tuple(starts))


def read_own_record(folder: Path) -> dict[str, Any]:
    """The record of a folder that has one; errors as in [`read_run`]."""
    record = _recorded(read_record, folder, RECORD)
    hold(folder / RECORD, record, _RECORD)
    return record


def _recorded(read: Callable[[Path], Any], folder: Path, name: str) -> Any:
    """What `read_record` or `read_rounds` finds, or why it can't, as an error of the report."""
    try:
        return read(folder)
    except (ValueError, RecursionError) as error:
        text = str(error)
        raise ReportError(text if name in text else f"{folder / name} can't be read ({text}); {MEND}") from None


def _rounds(folder: Path) -> list[dict[str, Any]]:
    rounds = _recorded(read_rounds, folder, ROUNDS)
    for number, line in enumerate(rounds, start=1):
        hold(f"{folder / ROUNDS}, round {number}", line, _ROUND)
    return rounds


def _lengths(places: list[Path], rounds: list[dict[str, Any]]) -> tuple[list[Lengths], list[dict[str, Any]]]:
    """Lengths of the rounds' answers, from where they lie; a round whose answers can't be read gets a warning that says so."""
    lengths: list[Lengths] = []
    lines = []
    for line in rounds:
        found: list[Lengths] = []
        try:
            for place in places:
                found = found or list(round_lengths(place / "refinement", line.get("round", 0)))
        except LengthsError as error:
            line = line | {"warnings": [*line.get("warnings", []), str(error)]}
        lengths += found
        lines.append(line)
    return lengths, lines


def _quickstart(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    results = read_object(path)
    if not results.keys() >= {"before", "options"}:
        return {}
    hold(path, results, _QUICKSTART)
    return results


def _steps_of_quickstart(quickstart: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The quickstart's own short names of the two losses; what it compares with is another training."""
    for entry in quickstart.get(TRAINED, {}).get("history", []):
        yield {"step": entry["step"], "loss/think": entry["think"], "loss/result": entry["result"]}
