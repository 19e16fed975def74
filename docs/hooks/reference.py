"""The reference as Markdown: every command with its options, every module with its classes and functions.

In: the parsers of the commands, and the docstrings of the package as griffe reads them, without importing a module. Out:
[`reference_pages`], texts by the place of their page. Names that a docstring puts in [`brackets`] become links.
"""

import argparse
import dataclasses
import logging
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import griffe
from trl import SFTConfig, TrlParser

from funreason_trl.scripts import cli


ROOT = Path(__file__).parents[2]
COMMANDS_PAGE = "reference/commands.md"
# The sample's texts, the sandbox's inner side, and what BFCL's checker is made of are read in the code.
LEFT_OUT = re.compile(
    r"\.(scripts|sample\.tools|skills\.jail)\b|\.bfcl\.(java|javascript|spans|arithmetic|values|syntax)"
)
REFERENCE = re.compile(r"\[`(~?)([\w.]+)`\](?![\[(])")
# griffe looks for every parameter in the signature; ours may share a line.
logging.getLogger("griffe").setLevel(logging.CRITICAL)


def reference_pages() -> dict[str, str]:
    """All pages of the reference, by their place below docs/."""
    package = griffe.load("funreason_trl", search_paths=[str(ROOT)])
    modules = [module for module in walk(package) if not LEFT_OUT.search(f"{module.path}.")]
    places = {}
    for module in modules:
        places[module.path] = page_of(module)
        for item in documented(module):
            places[item.path] = page_of(module)
            places |= {method.path: page_of(module) for method in documented(item)}
    pages: dict[str, str] = {COMMANDS_PAGE: commands_page()}
    for module in modules:
        title = f"# `{title_of(module)}`\n" if page_of(module) not in pages else ""
        pages[page_of(module)] = pages.get(page_of(module), "") + title + module_text(module, places)
    return pages


def reference_list(pages: dict[str, str]) -> str:
    """Links to all of them, for the page that is committed."""
    lines = ["- [Every command and its options](commands.md)"]
    for place in sorted(set(pages) - {COMMANDS_PAGE}):
        title, purpose = re.match(r"# (.+)\n\n## .+\n\n(.+)", pages[place]).groups()
        purpose = re.sub(r"\[([^\]]+)\]\(#[^)]*\)", r"\1", purpose)  # its links lead to places on its own page
        lines.append(f"- [{title}]({Path(place).name}): {purpose}")
    return "\n".join(lines)


# Modules


def walk(module: griffe.Module) -> Iterator[griffe.Module]:
    yield module
    for _, inner in sorted(module.modules.items()):
        if not inner.is_alias:  # a module that is only imported here
            yield from walk(inner)


def title_of(module: griffe.Module) -> str:
    """A page for each folder of the package; one for the modules that stand beside them."""
    parts = module.path.split(".")
    inside = len(parts) > 2 or (len(parts) == 2 and module.is_init_module)
    return ".".join(parts[:2]) if inside else parts[0]


def page_of(module: griffe.Module) -> str:
    return f"reference/{title_of(module).rpartition('.')[2]}.md"


def documented(parent: griffe.Module | griffe.Class) -> list[griffe.Class | griffe.Function]:
    """Classes and functions that are defined here, public and described."""
    return [
        member
        for name, member in parent.members.items()
        if not name.startswith("_")
        and not member.is_alias
        and member.docstring
        and (member.is_class or member.is_function)
    ]


def module_text(module: griffe.Module, places: dict[str, str]) -> str:
    text = f"\n## `{module.path}` {{#{module.path}}}\n\n{docstring_text(module, places)}\n"
    for item in documented(module):
        text += object_text(item, 3, places)
        if item.is_class:
            text += "".join(object_text(method, 4, places) for method in documented(item))
    return text


def object_text(item: griffe.Class | griffe.Function, level: int, places: dict[str, str]) -> str:
    kind = "class" if item.is_class else "property" if "property" in item.labels else "def"
    signature = signature_of(item) if kind != "property" else item.name
    return (
        f"\n{'#' * level} `{item.name}` {{#{item.path}}}\n\n```python\n{kind} {signature}\n```\n\n"
        f"{docstring_text(item, places)}\n"
    )


def signature_of(item: griffe.Class | griffe.Function) -> str:
    parameters = [parameter for parameter in item.parameters if parameter.name not in ("self", "cls")]
    words, keyword_only = [], False
    for parameter in parameters:
        kind = parameter.kind.value if parameter.kind else ""
        if kind == "keyword-only" and not keyword_only:
            words.append("*")
            keyword_only = True
        stars = {"variadic positional": "*", "variadic keyword": "**"}.get(kind, "")
        word = f"{stars}{parameter.name}"
        if parameter.annotation is not None:
            word += f": {parameter.annotation}"
        if parameter.default is not None and not stars:
            word += f" = {parameter.default}"
        words.append(word)
    returns = f" -> {item.returns}" if item.is_function and item.returns is not None else ""
    line = f"{item.name}({', '.join(words)}){returns}"
    if len(line) <= 100:
        return line
    inner = "".join(f"    {word},\n" for word in words)
    return f"{item.name}(\n{inner}){returns}"


def docstring_text(item: griffe.Object, places: dict[str, str]) -> str:
    """The docstring, its sections as lists."""
    if item.docstring is None:
        return ""
    texts = []
    for section in item.docstring.parse("google"):
        if section.kind is griffe.DocstringSectionKind.text:
            texts.append(section.value)
        elif section.kind is griffe.DocstringSectionKind.examples:
            texts.append("\n".join(f"```pycon\n{text}\n```" for _, text in section.value))
        elif section.kind is griffe.DocstringSectionKind.admonition:
            texts.append(f"**{section.title or section.value.kind}**\n\n{section.value.contents}")
        else:
            lines = [entry_text(entry) for entry in section.value]
            texts.append(f"**{section.kind.value.capitalize()}**\n\n" + "\n".join(lines))
    return linked("\n\n".join(texts), item, places)


def entry_text(entry: Any) -> str:
    named = isinstance(entry, griffe.DocstringNamedElement)
    name = f"`{entry.name}`" if named and entry.name else ""
    # What is returned has its type in the words, since griffe takes that of the signature for it.
    described = isinstance(entry, griffe.DocstringReturn | griffe.DocstringYield)
    annotation = "" if described else str(entry.annotation or "")
    if annotation and "`" not in annotation:
        annotation = f"`{annotation}`"
    if name and annotation:
        annotation = f"({annotation})"
    head = " ".join(filter(None, (name, annotation)))
    description = entry.description.strip().replace("\n", "\n    ")
    return f"- {head}: {description}" if head else f"- {description}"


def linked(text: str, item: griffe.Object, places: dict[str, str]) -> str:
    """Links for [`Name`] and [`~package.Name`] where the package's own pages have it; plain code otherwise."""
    page = page_of(item if item.is_module else item.module)

    def link(found: re.Match) -> str:
        short, name = found.groups()
        shown = name.rsplit(".", 1)[-1] if short else name
        path = target_of(name, item)
        if path not in places:
            return f"`{shown}`"
        place = "" if places[path] == page else Path(places[path]).name
        return f"[`{shown}`]({place}#{path})"

    return REFERENCE.sub(link, text)


def target_of(name: str, item: griffe.Object) -> str:
    """The full name of where it is defined."""
    root = item.package
    try:
        path = name if name.startswith(f"{root.name}.") else item.resolve(name)
        found = root[path.removeprefix(f"{root.name}.")] if path != root.name else root
        return found.final_target.path if found.is_alias else found.path
    except (griffe.NameResolutionError, griffe.AliasResolutionError, KeyError):
        return name


# Commands


class _Parser(BaseException):
    """Carries a command's parser out of its `main`."""


def parser_of(command: str) -> argparse.ArgumentParser:
    """The parser with which a command reads its line, before it has read anything."""

    def found(parser, *args, **kwargs):
        raise _Parser(parser)

    with mock.patch.object(argparse.ArgumentParser, "parse_known_args", found):
        try:
            import_module(f"funreason_trl.scripts.{command}").main([])
        except _Parser as stop:
            return stop.args[0]
    raise RuntimeError(f"`funreason {command}` reads its line without argparse, so its options can't be listed")


def commands_page() -> str:
    text = "# Commands\n\nMade of the parsers and of the configuration classes; `funreason COMMAND --help` shows the same.\n"
    for command in cli.COMMANDS:
        module = import_module(f"funreason_trl.scripts.{command}")
        text += f"\n## `funreason {command}` {{#{command}}}\n\n{plain(module.__doc__ or '')}\n\n"
        text += "".join(option_tables(parser_of(command)))
    return text


def option_tables(parser: argparse.ArgumentParser) -> Iterator[str]:
    if not isinstance(parser, TrlParser):
        rows = [_row(_names(action), action.default, action) for action in parser._actions if action.dest != "help"]
        yield _table(rows)
        return
    for kind in parser.dataclass_types:
        if kind.__module__.startswith("trl."):
            yield f"All options of TRL's `{kind.__name__}`.\n\n"
            continue
        theirs = {field.name for field in dataclasses.fields(SFTConfig)} if issubclass(kind, SFTConfig) else set()
        actions = {action.dest: action for action in parser._actions}
        rows = [
            _row(f"`--{field.name}`", default_of(field), actions[field.name])
            for field in dataclasses.fields(kind)
            if field.name not in theirs and field.name in actions
        ]
        yield f"#### `{kind.__name__}` of `{parser.prog}`\n\n{_table(rows)}"
        if theirs:
            yield "And all options of TRL's `SFTConfig`.\n\n"


def default_of(field: dataclasses.Field) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return argparse.SUPPRESS if field.default_factory is dataclasses.MISSING else field.default_factory()


def _names(action: argparse.Action) -> str:
    # Dashes and underscores are both taken; one of them is enough to read.
    spellings = {name.replace("_", "-"): name for name in reversed(action.option_strings)}
    return ", ".join(f"`{name}`" for name in spellings.values()) or f"`{action.metavar or action.dest}`"


def _row(name: str, default: Any, action: argparse.Action) -> tuple[str, str, str]:
    shown = "needed" if action.required or default is argparse.SUPPRESS else _default(default)
    what = (action.help or "").replace("%(default)s", str(default)).replace("%%", "%")
    if action.choices and not all(str(choice) in what for choice in action.choices):
        what = f"{what.rstrip('.')}; one of {', '.join(f'`{choice}`' for choice in action.choices)}."
    return name, shown, what.replace("|", "\\|").replace("<", "&lt;")


def _default(default: Any) -> str:
    if default is None or default == []:
        return ""
    return f"`{' '.join(map(str, default))}`" if isinstance(default, list | tuple) else f"`{default}`"


def _table(rows: list[tuple[str, str, str]]) -> str:
    lines = ["| option | default | what it does |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {name} | {default} | {what} |" for name, default, what in rows)]) + "\n\n"


def plain(text: str) -> str:
    return REFERENCE.sub(lambda found: f"`{found[2].rsplit('.', 1)[-1]}`", text).strip()
