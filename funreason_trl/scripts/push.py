"""`funreason push --model DIR --repo NAME`: a trained model on the Hub, with a card; or a dataset, with `--dataset DIR`.

In: a folder that a training saved (whole models and adapters), or that `funreason build` wrote, and scores of `funreason
eval` for the card. Out: one commit, all or nothing, and its address. Optimizer states, pickles and journals stay here.
"""

import argparse
import sys
from pathlib import Path

from funreason_trl.scripts.ending import ending
from funreason_trl.scripts.help import LineParser


ONLY_FOR_MODELS = ("scores", "card", "merge", "base_model")


def option_parser() -> LineParser:
    parser = LineParser(
        command="push",
        usage="--model DIR --repo USER/NAME [--scores DIR ...] [--merge]\n       funreason push --dataset DIR --repo USER/NAME",
        example="funreason push --model runs/quickstart/model --repo me/my-model --scores runs/eval --private",
        doc=__doc__,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", type=Path, metavar="DIR", help="folder of a trained model or adapter")
    what.add_argument("--dataset", type=Path, metavar="DIR", help="folder that `funreason build` wrote")
    parser.add_argument("--repo", required=True, metavar="USER/NAME", help="name on the Hub; made if it is not there")
    parser.add_argument(
        "--scores",
        nargs="+",
        default=[],
        metavar="[LABEL=]PATH",
        help="what `funreason eval` wrote, for the card: of this model first, then of those it is compared with",
    )
    parser.add_argument(
        "--card", type=Path, metavar="FILE", help="your own README.md; by default one is made of what is on record"
    )
    parser.add_argument(
        "--merge", action="store_true", help="merge an adapter into its base model, and push the whole"
    )
    parser.add_argument(
        "--base_model", metavar="NAME", help="name of the base model on the Hub, where training began from a folder"
    )
    parser.add_argument("--private", action="store_true", help="let only the owner see it")
    parser.add_argument("--revision", metavar="BRANCH", help="branch, made if it is not there; main by default")
    parser.add_argument("--tag", help="name for this commit, by which it is found for good")
    return parser


def push(options: argparse.Namespace) -> str:
    """Pushes what the options name; the address of the commit."""
    from funreason_trl.hub import push_dataset, push_model

    where = {"private": options.private, "revision": options.revision, "tag": options.tag}
    if options.dataset is not None:
        return push_dataset(options.dataset, options.repo, **where)
    return push_model(
        options.model,
        options.repo,
        scores=options.scores,
        card=options.card,
        merge=options.merge,
        base_model=options.base_model,
        **where,
    )


def main(argv: list[str] | None = None) -> None:
    parser = option_parser()
    options = parser.parse_args(argv)
    given = [name for name in ONLY_FOR_MODELS if vars(options)[name]]
    if options.dataset is not None and given:
        parser.error(f"argument --{given[0]}: only for --model; leave it out with --dataset")
    with ending("push"):
        from funreason_trl.hub import HubError

        try:
            print(f"pushed: {push(options)}")
        except HubError as error:
            sys.exit(f"funreason push: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
