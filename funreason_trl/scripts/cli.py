"""`funreason COMMAND ...`: the console script, which finds the command and hands it the rest of the line.

It imports nothing heavy, so that `funreason --help` answers at once; each command has its own `--help`.
"""

import logging
import sys
from importlib import import_module

import funreason_trl
from funreason_trl.scripts.ending import ending
from funreason_trl.scripts.help import nearest


COMMANDS = {
    "quickstart": "the whole story on a small model, in minutes: rows, training, answers before and after",
    "train": "train a model with the multiscale loss, from a YAML recipe",
    "refine": "cold start, then rounds in which the model learns from its own inspected answers",
    "build": "an inspected chain-of-thought dataset from xLAM-style rows",
    "merge": "one dataset of the parts that several machines built",
    "eval": "how well a model calls (BFCL), and still codes (HumanEval, MBPP)",
    "score": "verdicts and scores of result files that are there already",
    "push": "a trained model, or a built dataset, on the Hub with its card",
    "download": "a model or a dataset of the Hub, pinned to a commit",
    "report": "one page that shows what a run did, or several side by side",
    "env": "what a bug report needs: versions, machine, settings",
}


def main(argv: list[str] | None = None) -> None:
    """Runs one command; without one, or with `--help`, lists them. Unknown commands end with exit code 2."""
    argv = sys.argv[1:] if argv is None else argv
    if not argv or argv[0] in ("-h", "--help"):
        print(_overview())
        return
    command, rest = argv[0], argv[1:]
    if command == "--version":
        print(funreason_trl.__version__)
        return
    if command not in COMMANDS:
        near = nearest(command, COMMANDS)
        hint = f"; did you mean {near!r}?" if near else ""
        print(f"funreason: there is no command {command!r}{hint}\n\n{_overview()}", file=sys.stderr)
        sys.exit(2)
    # On processors with AVX512-BF16 it would head every command with the lack of a kernel that it can do without.
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    with ending(command):
        import_module(f"funreason_trl.scripts.{command}").main(rest)


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    usage = "usage: funreason COMMAND [OPTIONS]\n       funreason --help | --version"
    purpose = "Teach open models to call functions: rows in, a trained model and its scores out."
    help_of_commands = "`funreason COMMAND --help` tells what goes in and comes out, and lists the options."
    return "\n".join([usage, "", purpose, "", *lines, "", help_of_commands])


if __name__ == "__main__":
    main()
