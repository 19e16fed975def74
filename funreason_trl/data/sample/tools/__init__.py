"""The tools that the sample draws on, one module per domain, and how they are split.

In: the modules of this folder. Each holds `CONTEXT`, opening sentences for its domain, and its tools with their query
templates and value makers: `TRAIN`, `HELDOUT`, or both. Out: `TOOLS`, the tools of each split (no name is in both),
`CONTEXT`, the opening sentences by domain, and `CLASHES`, pairs of tools that could both serve one wish and are
therefore never listed together.
"""

from funreason_trl.data.sample.spec import Tool
from funreason_trl.data.sample.tools import (
    astronomy,
    calendar,
    chemistry,
    databases,
    education,
    files,
    food,
    garden,
    geology,
    health,
    home,
    hr,
    language,
    library,
    mail,
    maps,
    maths,
    money,
    music,
    shipping,
    sports,
    travel,
    units,
    weather,
)


# Rows are drawn by position, so another order here, or within a module, makes other rows.
TRAIN_DOMAINS = (
    weather, travel, maps, money, calendar, mail, hr, health, food, home, music, maths, units, files, databases,
    shipping, sports,
)  # fmt: skip
# Held-out tools of domains that the train split knows too, then those of domains that it never shows.
HELDOUT_KNOWN_DOMAINS = (
    weather, travel, money, calendar, mail, health, home, maths, units, food, music, shipping, sports, hr, databases,
)  # fmt: skip
HELDOUT_NEW_DOMAINS = (geology, library, chemistry, education, astronomy, garden, language)

TOOLS: dict[str, tuple[Tool, ...]] = {
    "train": tuple(tool for domain in TRAIN_DOMAINS for tool in domain.TRAIN),
    "heldout": tuple(tool for domain in (*HELDOUT_KNOWN_DOMAINS, *HELDOUT_NEW_DOMAINS) for tool in domain.HELDOUT),
}
CONTEXT: dict[str, tuple[str, ...]] = {
    domain.__name__.rpartition(".")[2]: domain.CONTEXT for domain in (*TRAIN_DOMAINS, *HELDOUT_NEW_DOMAINS)
}
CLASHES: tuple[set[str], ...] = ({"set_reminder", "calendar.create_event"},)
