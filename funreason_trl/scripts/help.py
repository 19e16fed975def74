"""How the help of every command looks, and what it says about an option that there is not. Imports nothing heavy.

In: options, and the words of a command line. Out: [`LineParser`]: `argparse` with help in filled paragraphs and groups, one
spelling of each option (dashes and underscores are both taken), and errors that name the nearest option; [`nearest`].
"""

import argparse
import re
import sys
import textwrap
from collections.abc import Iterable
from difflib import get_close_matches
from types import FunctionType
from typing import Any, NoReturn


# Of `bool` options, `int` ones and `float` ones; others are called by the last word of their names.
METAVARS = {"string_to_bool": "true|false", "int": "N", "float": "X"}


class LineParser(argparse.ArgumentParser):
    """
    `argparse.ArgumentParser` with our help and our errors, for options that are added by hand.

    Args:
        command (`str`): Name of the command.
        usage (`str`): What follows the command's name: its most important options.
        example (`str`): A command line that works, or would with the files that it names.
        doc (`str`): Docstring of the module: its first line, behind the command in backticks, is the purpose.
        more (`Any`): For the base class.
    """

    def __init__(self, *, command: str, usage: str, example: str, doc: str | None, **more: Any):
        name = f"funreason {command}"
        super().__init__(prog=name, usage=f"{name} {usage}", formatter_class=HelpFormatter, **more)
        self.purpose, self.body = _purpose_and_body(doc or "")
        self.example = example

    def sections(self) -> list[tuple[str, list[argparse.Action]]]:
        """The titles of the help, each with its options."""
        return [("options", self._actions)]

    def format_help(self) -> str:
        """The help: usage, purpose, what goes in and comes out, an example, and the options in groups."""
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._actions, [])
        for text in (self.purpose, self.body, f"Example:\n\n    {self.example}"):
            formatter.add_text(text)
        for title, actions in self.sections():
            formatter.start_section(title)
            formatter.add_arguments(actions)
            formatter.end_section()
        return formatter.format_help()

    def parse_known_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> Any:
        """As argparse does it, but what is not known ends the process."""
        words = [self._spelled(word) for word in (sys.argv[1:] if args is None else args)]
        parsed, unknown = super().parse_known_args(words, namespace)
        for word in unknown:
            if word.startswith("-"):
                self.fail_unknown(word, "the command line")
            self.error(f"{word!r} is the value of no option; give each as --NAME VALUE")
        return parsed, unknown

    def fail_unknown(self, name: str, where: str) -> NoReturn:
        """
        End the process with exit code 2, and the nearest option that there is.

        Args:
            name (`str`): What was given, with its dashes if it had some.
            where (`str`): What gives it.
        """
        dashes = name[: len(name) - len(name.lstrip("-"))]
        near = nearest(name, [option for option in self._option_string_actions if option.startswith("--")])
        hint = f"did you mean {('--' if dashes else '') + near!r}?" if near else f"`{self.prog} --help` lists them"
        self.error(f"there is no option {name!r}, which {where} gives; {hint}")

    def _spelled(self, word: str) -> str:
        """An option as it is known, with dashes or underscores; any other word as it is."""
        if not word.startswith("--") or word == "--" or " " in word:
            return word
        name, equals, value = word.partition("=")
        plain = name[2:]
        for spelling in (name, f"--{plain.replace('-', '_')}", f"--{plain.replace('_', '-')}"):
            # argparse takes the beginning of a name, too, if it is that of one option only.
            if any(option.startswith(spelling) for option in self._option_string_actions):
                return spelling + equals + value
        self.fail_unknown(name, "the command line")


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Paragraphs filled to the width of the screen, lists and tables as they stand; options with one spelling each."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = text.split("\n\n")
        return "\n\n".join(
            part if re.search(r"^\s", part, re.MULTILINE) else textwrap.fill(part, width, break_on_hyphens=False)
            for part in paragraphs
        )

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return super()._format_action_invocation(action)
        spellings: dict[str, str] = {}
        for option in action.option_strings:
            spellings.setdefault(option.replace("-", "_"), option)
        arguments = (
            "" if action.nargs == 0 else self._format_args(action, self._get_default_metavar_for_optional(action))
        )
        return f"{', '.join(spellings.values())} {arguments}".rstrip()

    def _get_default_metavar_for_optional(self, action: argparse.Action) -> str:
        kind = action.type.__name__ if isinstance(action.type, type | FunctionType) else ""
        return METAVARS.get(kind, action.dest.rpartition("_")[2].upper())

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        if action.required:
            return f"{text} (required)"
        default = action.default
        if action.nargs == 0 or default in (None, "", argparse.SUPPRESS) or default == [] or "default" in text.lower():
            return text
        if isinstance(default, bool):
            default = str(default).lower()
        shown = " ".join(map(str, default)) if isinstance(default, list) else str(default)
        return f"{text} (default: {shown.replace('%', '%%')})"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """
    The name that was probably meant.

    Args:
        name (`str`): What was given; dashes in front do not count, and dashes in it are underscores.
        known (`Iterable[str]`): What there is, with or without dashes.

    Returns:
        `str` or `None`: The nearest of them without the dashes in front, `None` if none is near.
    """
    names = {_plain(option): option.lstrip("-") for option in reversed(list(known))}
    near = get_close_matches(_plain(name), names, n=1)
    return names[near[0]] if near else None


def _plain(name: str) -> str:
    return name.lstrip("-").replace("-", "_").lower()


def _purpose_and_body(doc: str) -> tuple[str, str]:
    """The first paragraph as a sentence, without the command line before it; and the rest."""
    first, _, body = doc.strip().partition("\n\n")
    purpose = re.sub(r"^`funreason [^`]*`: ", "", " ".join(first.split()))
    return purpose[:1].upper() + purpose[1:], body
