"""The live display of a run: rows and their rate, verdicts by stage, tokens and cost.

In: a [`Tally`] and the models that are asked. Out: a table on standard error, drawn anew twice a second; on what is no
terminal, one line a minute.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .models import AskedModel
from .tally import Tally
from .verdicts import Outcome, Stage


LINE_SECONDS = 60.0


@dataclass
class Display:
    """
    What is shown.

    Attributes:
        tally ([`Tally`]): Counts of the rows that are out.
        models (`Sequence[AskedModel]`): Of which the usage is shown.
        total (`int` or `None`): Rows in all, if that is known.
    """

    tally: Tally
    models: Sequence[AskedModel]
    total: int | None

    def __post_init__(self):
        self._started = self._last_line = monotonic()
        self._console = Console(stderr=True)

    def __rich__(self) -> Group:
        table = Table(box=None, pad_edge=False)
        table.add_column("stage")
        for outcome in Outcome:
            table.add_column(outcome.value, justify="right")
        for stage in Stage:
            table.add_row(stage.value, *(f"{self.tally.verdicts[stage, outcome]:,}" for outcome in Outcome))
        return Group(Text(self.line()), table)

    def line(self) -> str:
        """Everything but the verdicts in one line."""
        done = sum(self.tally.rows.values())
        rate = done / max(monotonic() - self._started, 1e-9)
        parts = [f"{done:,}{f' of {self.total:,}' if self.total is not None else ''} rows"]
        parts += [f"{self.tally.rows[status]:,} {status}" for status in ("kept", "rejected", "hard", "error")]
        parts.append(f"{rate:,.1f} rows/s")
        if self.total is not None and rate:
            parts.append(f"{_clock((self.total - done) / rate)} left")
        if self.models:
            prompt = sum(model.usage.prompt_tokens for model in self.models)
            new = sum(model.usage.new_tokens for model in self.models)
            parts.append(f"{prompt:,} + {new:,} tokens")
        prices = [model.price.of(model.usage) for model in self.models if model.price is not None]
        if prices:
            parts.append(f"cost {sum(prices):,.2f}")
        return ", ".join(parts)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """On the screen while the context lasts."""
        if not self._console.is_terminal:
            yield
            self._console.print(self.line(), highlight=False, soft_wrap=True)
            return
        with Live(self, console=self._console, refresh_per_second=2):
            yield

    def tick(self) -> None:
        """A row is out: writes a line now and then where nothing is drawn."""
        if not self._console.is_terminal and monotonic() - self._last_line > LINE_SECONDS:
            self._last_line = monotonic()
            self._console.print(self.line(), highlight=False, soft_wrap=True)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
