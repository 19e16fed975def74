"""`funreason refine --config refine.yaml`: cold start and rounds, from rows and a base model to a refined model.

In: a YAML file and command-line arguments, which win over it: those of `funreason train`, `RefinementConfig`, and
`RefineArguments` below. Out: the model and its log in `output_dir`, and what each round did in `output_dir/refinement/`.

`cold_epochs` epochs of multiscale loss come first, then `rounds` rounds, each followed by `every_epochs` epochs on what
it changed. A run that was ended goes on with `--resume_from_checkpoint true`.
On several processes: `accelerate launch --config_file CONFIG -m funreason_trl.scripts.refine --config refine.yaml`.
"""

import copy
import sys
from dataclasses import dataclass, field
from pathlib import Path

from trl import ModelConfig

from funreason_trl import SRMLConfig, SRMLTrainer
from funreason_trl.building.asking import make_judges_and_teacher
from funreason_trl.building.options import JUDGED, BuildArguments
from funreason_trl.data.rendering import FORMS
from funreason_trl.extras import check_installed
from funreason_trl.fcdr.journal import JournalError
from funreason_trl.fcdr.judges import Judge
from funreason_trl.fcdr.models import EndpointGone
from funreason_trl.fcdr.verdicts import Stage
from funreason_trl.generation.client import EndpointError
from funreason_trl.refinement import RefinementCallback, RefinementConfig
from funreason_trl.refinement.checkpoint import FOLDER
from funreason_trl.refinement.driver import AppendingRounds, refine_in_trainings

from . import train
from .ending import ending
from .parsing import OptionParser
from .train import TITLES, DataArguments, checkpoint_to_resume, make_trainer, save


EXPECTED_ERRORS = (EndpointError, EndpointGone, JournalError)


@dataclass
class RefineArguments:
    """
    How long the cold start is, how many rounds follow, and who judges beside the rules.

    A judge is named as its endpoint knows it, with the address where it has one of its own
    (`qwen@http://127.0.0.1:8000/v1`), or, if there is no `judge_base_url`, as a folder or Hub name to load beside the
    trained model.

    Args:
        cold_epochs (`int`, *optional*, defaults to `1`): Epochs before the first round.
        rounds (`int`, *optional*, defaults to `1`): Rounds, each followed by `every_epochs` epochs.
        judge_models (`list[str]`, *optional*): Models that judge after the rules; several are an ensemble.
        stage_judges (`list[str]` or `dict[str, str]`, *optional*): Other judges for some stages, such as
            `reasoning=qwen query_and_tool=rules`; in YAML a mapping reads better.
        judge_base_url (`str`, *optional*): Of the endpoint of the judges.
        threshold (`float`, *optional*): An ensemble passes what has this mean score; by default the majority decides.
        judge_max_new_tokens (`int`, *optional*, defaults to `1024`): Longest verdict; a judge that thinks needs more.
        judge_concurrency (`int`, *optional*, defaults to `32`): Requests at a time to each judge.
        expected_acceptance (`float`, *optional*, defaults to `0.5`): With `mode="append"`, the share of the queries that
            the first round is expected to accept; the schedule's length is planned with it until a round has been played.

    Raises:
        ValueError: A value is out of its range; names the field, the value and the mend.
    """

    cold_epochs: int = field(default=1, metadata={"help": "Epochs before the first round."})
    rounds: int = field(default=1, metadata={"help": "Rounds, each followed by `every_epochs` epochs."})
    judge_models: list[str] = field(
        default_factory=list,
        metadata={
            "help": "Models that judge after the rules: NAME at `judge_base_url`, NAME@URL at an endpoint of its own, "
            "or, without `judge_base_url`, a folder or Hub name to load. Several are an ensemble."
        },
    )
    stage_judges: list[str] = field(
        default_factory=list,
        metadata={
            "help": "Other judges for some stages, each as STAGE=rules, STAGE=MODEL or, for an ensemble, "
            f"STAGE=MODEL,MODEL; stages: {', '.join(JUDGED)}. In YAML a mapping from stage to judge."
        },
    )
    judge_base_url: str | None = field(default=None, metadata={"help": "URL of the endpoint of the judges."})
    threshold: float | None = field(
        default=None, metadata={"help": "Mean score (0 to 1) at which an ensemble passes; by default the majority."}
    )
    judge_max_new_tokens: int = field(default=1024, metadata={"help": "Longest verdict, in tokens."})
    judge_concurrency: int = field(default=32, metadata={"help": "Requests at a time to each judge."})
    expected_acceptance: float = field(
        default=0.5, metadata={"help": "With mode='append': share of the queries that the first round may accept."}
    )

    def __post_init__(self):
        for name, value in (("cold_epochs", self.cold_epochs), ("rounds", self.rounds)):
            if value < 1:
                raise ValueError(f"`{name}` is {value}; give 1 or more.")
        if not 0 <= self.expected_acceptance <= 1:
            raise ValueError(f"`expected_acceptance` is {self.expected_acceptance}; give a share from 0 to 1.")
        self.asking()

    def asking(self) -> BuildArguments:
        """The judges as `funreason build` takes them, which also checks them."""
        models = [self.judge_models] if isinstance(self.judge_models, str) else self.judge_models
        how = "ensemble" if len(models) > 1 else "rules"
        if len(models) == 1:
            how = "endpoint" if self.judge_base_url is not None or "@http" in models[0] else "model"
        return BuildArguments(
            source="",
            output="",
            judge=how,
            judge_models=models,
            stage_judges=self.stage_judges,
            threshold=self.threshold,
            judge_max_new_tokens=self.judge_max_new_tokens,
            base_url=self.judge_base_url,
            concurrency=self.judge_concurrency,
        )


def refine(
    arguments: RefineArguments,
    data: DataArguments,
    config: SRMLConfig,
    refinement: RefinementConfig,
    model: ModelConfig,
) -> SRMLTrainer:
    """Trains, refines and saves; returns the trainer."""
    if refinement.engine == "vllm":
        check_installed("vllm", "`engine` is 'vllm'")
    resuming = is_resuming(config)
    judges = make_judges(arguments, config)
    if refinement.mode == "append":
        return _refine_in_trainings(arguments, data, config, refinement, model, judges, resuming)
    # A run that was ended before its first checkpoint begins anew; what was answered is in its journal.
    checkpoint = checkpoint_to_resume(config)
    trainer = make_trainer(data, config, model, [RefinementCallback(refinement, judges)])
    trainer.train(resume_from_checkpoint=checkpoint)
    save(trainer, data)
    return trainer


def _refine_in_trainings(
    arguments: RefineArguments,
    data: DataArguments,
    config: SRMLConfig,
    refinement: RefinementConfig,
    model: ModelConfig,
    judges: dict[Stage, Judge],
    resuming: bool,
) -> SRMLTrainer:
    def make(trained, folder: Path, number: int, epochs: int, rounds: AppendingRounds) -> SRMLTrainer:
        own = copy.copy(config)
        own.output_dir, own.num_train_epochs, own.push_to_hub = str(folder), epochs, False
        own.data_seed = (config.seed if config.data_seed is None else config.data_seed) + number
        return make_trainer(data, own, model, [rounds], trained)

    rounds = AppendingRounds(Path(config.output_dir), refinement, judges)
    trainer = refine_in_trainings(
        make,
        rounds,
        arguments.cold_epochs,
        arguments.rounds,
        expected_acceptance=arguments.expected_acceptance,
        resume=resuming,
    )
    trainer.args.output_dir, trainer.args.push_to_hub = config.output_dir, config.push_to_hub
    save(trainer, data)
    return trainer


def plan(arguments: RefineArguments, data: DataArguments, config: SRMLConfig, refinement: RefinementConfig) -> None:
    """
    Set the epochs of training and rounds.

    Raises:
        ValueError: What is given says otherwise, or not everything fits together.
    """
    epochs = arguments.cold_epochs + arguments.rounds * refinement.every_epochs
    planned: list[tuple[str, float, float, float]] = [
        ("num_train_epochs", config.num_train_epochs, SRMLConfig.num_train_epochs, epochs),
        ("first_round", refinement.first_round, RefinementConfig.first_round, arguments.cold_epochs),
        ("max_steps", config.max_steps, SRMLConfig.max_steps, SRMLConfig.max_steps),
    ]
    for name, value, default, wanted in planned:
        if value not in (default, wanted):
            raise ValueError(
                f"`{name}` is {value}, but `cold_epochs` and `rounds` say how long training is and when rounds come; "
                "leave it out."
            )
    config.num_train_epochs, refinement.first_round = epochs, arguments.cold_epochs
    if data.rendering in FORMS and data.rendering != refinement.form:
        raise ValueError(
            f"`rendering` is {data.rendering!r} and `form` is {refinement.form!r}, but answers are trained on beside the "
            "rows; set both to the same."
        )
    asked = str(config.resume_from_checkpoint or "false").lower()
    if refinement.mode == "append" and asked not in ("true", "false"):
        raise ValueError(
            f"`resume_from_checkpoint` is {config.resume_from_checkpoint!r} with mode='append', where each training has its "
            "own checkpoints; set it to true, which goes on from the last one."
        )
    if refinement.judge != "rules" and (arguments.judge_models or arguments.stage_judges):
        raise ValueError(
            f"`judge` is {refinement.judge!r}, but `judge_models` or `stage_judges` name others; leave one of them out."
        )


def is_resuming(config: SRMLConfig) -> bool:
    """
    Whether a run goes on: `resume_from_checkpoint` is true, or names a checkpoint.

    Raises:
        FileExistsError: There is a run already, which was not asked for.
    """
    # The command line gives words, a YAML file may give a truth value.
    if str(config.resume_from_checkpoint or "false").lower() != "false":
        return True
    folder = Path(config.output_dir) / FOLDER
    if folder.exists():
        raise FileExistsError(
            f"{folder} holds the rounds of a run already; add --resume_from_checkpoint true to go on with it, or choose "
            "another `output_dir`"
        )
    return False


def make_judges(arguments: RefineArguments, config: SRMLConfig) -> dict[Stage, Judge]:
    """The judges, on the process that inspects."""
    if config.process_index != 0:
        return {}
    judges, _ = make_judges_and_teacher(arguments.asking())
    return judges


def option_parser() -> OptionParser:
    return OptionParser(
        (RefineArguments, DataArguments, SRMLConfig, RefinementConfig, ModelConfig),
        {
            RefineArguments: "cold start, rounds and judges",
            RefinementConfig: "what happens in a round (RefinementConfig)",
            DataArguments: "rows",
            **TITLES,
        },
        command="refine",
        usage="--config refine.yaml [--OPTION VALUE ...]",
        example="funreason refine --config examples/refine.yaml --rounds 2 --output_dir runs/refined",
        doc=__doc__,
    )


def main(argv: list[str] | None = None) -> None:
    parser = option_parser()
    arguments, data, config, refinement, model = parser.read(argv)
    try:
        plan(arguments, data, config, refinement)
    except ValueError as error:
        parser.error(str(error))
    again = "the same command with --resume_from_checkpoint true goes on from there"
    with ending("refine", config.output_dir):
        try:
            refine(arguments, data, config, refinement, model)
        except (FileExistsError, *train.EXPECTED_ERRORS) as error:
            sys.exit(f"funreason refine: {error}")
        except EXPECTED_ERRORS as error:
            sys.exit(f"funreason refine: {error}\nWhat was answered is kept; {again}.")


if __name__ == "__main__":
    main(sys.argv[1:])
