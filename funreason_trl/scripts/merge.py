"""`funreason merge --parts DIR --output DIR`: one dataset of the parts that `funreason build --shard i/n` built.

In: folders of parts, or a folder that holds them. Out: the dataset that one machine would have built, byte for byte.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from funreason_trl.building.merging import PartError, find_parts, merge_parts
from funreason_trl.hub import HubError
from funreason_trl.scripts.built import push_built, refuse_push_without_token, show_built
from funreason_trl.scripts.ending import ending
from funreason_trl.scripts.parsing import OptionParser


@dataclass
class MergeArguments:
    """
    What to merge.

    Args:
        parts (`list[str]`): Folders of parts, or a folder with parts named `part-00002-of-00004`.
        output (`str`): Folder for the dataset.
        push_to_hub (`str`, *optional*): Push it to this name if every row came to a verdict.
        private (`bool`, *optional*, defaults to `False`): Let only the owner see it on the Hub.
    """

    parts: list[str] = field(metadata={"help": "Folders of parts, or one that holds them."})
    output: str = field(metadata={"help": "Folder for the dataset."})
    push_to_hub: str | None = field(
        default=None, metadata={"help": "Push it to this name if every row came to a verdict."}
    )
    private: bool = field(default=False, metadata={"help": "Let only the owner see it on the Hub."})


def option_parser() -> OptionParser:
    return OptionParser(
        (MergeArguments,),
        {MergeArguments: "what is merged"},
        command="merge",
        usage="--parts DIR [DIR ...] --output DIR [--push_to_hub NAME]",
        example="funreason merge --parts runs/parts --output runs/dataset",
        doc=__doc__,
    )


def main(argv: list[str] | None = None) -> None:
    (arguments,) = option_parser().read(argv)
    with ending("merge", arguments.output):
        merge(arguments)


def merge(arguments: MergeArguments) -> None:
    """Merges the parts, shows the funnel, and pushes if asked to."""
    console, output = Console(), Path(arguments.output)
    try:
        refuse_push_without_token(arguments.push_to_hub)
        built = merge_parts(find_parts([Path(folder) for folder in arguments.parts]), output)
        show_built(console, built)
        if arguments.push_to_hub is not None:
            address = push_built(built, output, arguments.push_to_hub, arguments.private)
            console.print(f"pushed: {address}")
    except (PartError, PermissionError, HubError) as error:
        sys.exit(f"funreason merge: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
