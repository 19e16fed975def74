"""How commands read their options from dataclasses, a command line, and the YAML file that it may name.

In: the dataclasses, and titles for the groups of their options. Out: [`OptionParser`], and from its `read` an instance of
each. What is wrong is an error with exit code 2; an option that there is not names the nearest one.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import yaml  # type: ignore[import-untyped]
from trl import TrlParser

from .help import LineParser


CONFIG = "--config"
# Not added to the parser: `TrlParser` takes it off the line before argparse sees it.
_CONFIG_ACTION = argparse.ArgumentParser(add_help=False).add_argument(
    CONFIG,
    metavar="FILE",
    help="YAML file with any of these options, without their dashes in front; the command line wins over it, and its "
    "block `env:` sets environment variables.",
)


class OptionParser(LineParser, TrlParser):
    """
    [`~trl.TrlParser`] with our help and our errors: options are the fields of dataclasses, and YAML files may hold them.

    Args:
        types (`Sequence[type]`): The dataclasses, in the order in which [`~OptionParser.read`] returns them.
        titles (`Mapping[type, str]`): Titles of groups of options, in the order of the help, each by a dataclass that
            declares them: one of `types` or of their base classes, by which their inherited options get a group.
        described (`Any`): `command`, `usage`, `example` and `doc`, as in [`LineParser`].
    """

    def __init__(self, types: Sequence[type], titles: Mapping[type, str], **described: Any):
        super().__init__(dataclass_types=types, **described)
        self.titles = titles
        self.config_file = ""

    def read(self, argv: Sequence[str] | None = None) -> tuple[Any, ...]:
        """
        Read the command line, and the YAML file that it may name.

        Args:
            argv (`Sequence[str]`, *optional*): Without the name of the command; by default that of the process.

        Returns:
            `tuple`: One instance of each dataclass. What is wrong ends the process with exit code 2.
        """
        words = [part for word in (sys.argv[1:] if argv is None else argv) for part in _config_apart(word)]
        if CONFIG in words:
            if words[-1] == CONFIG:
                self.error(f"argument {CONFIG}: give the name of a YAML file")
            self.config_file = words[words.index(CONFIG) + 1]
        try:
            return self.parse_args_and_config(args=words)
        except yaml.YAMLError as error:
            self.error(f"{self.config_file} is no readable YAML: {error}")
        except (ValueError, OSError) as error:
            self.error(str(error))

    def set_defaults_with_config(self, **values: Any) -> list[str]:
        """As `TrlParser` does it, but a key that is not known ends the process, before options are found missing."""
        super().set_defaults_with_config(**values)
        known = {action.dest for action in self._actions}
        for name in values:
            if name not in known:
                self.fail_unknown(str(name), self.config_file)
        return []

    def sections(self) -> list[tuple[str, list[argparse.Action]]]:
        """One group for each title, after what all commands have."""
        owners = {
            field.name: self._owner(group, field.name) for group in self.dataclass_types for field in fields(group)
        }
        general = [action for action in self._actions if action.dest not in owners]
        # The options `--no_…` of what is true by default are known, but would fill the help with what `false` says.
        shown = [action for action in self._actions if action.nargs != 0]
        grouped = [
            (title, [action for action in shown if owners.get(action.dest) is group])
            for group, title in self.titles.items()
        ]
        return [("general", [*general, _CONFIG_ACTION]), *grouped]

    def _owner(self, group: type, name: str) -> type:
        """The most basic class with a title that has this field."""
        return next(
            base
            for base in reversed(group.__mro__)
            if base in self.titles and name in {field.name for field in fields(base)}
        )


def _config_apart(word: str) -> list[str]:
    """`--config=FILE` as the two words that `TrlParser` looks for."""
    return word.split("=", 1) if word.startswith(f"{CONFIG}=") else [word]
