"""What a person sees: a line a step with the time it took, and at the end where everything is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from typing_extensions import override

from deploy.local.supervisor import Listener

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.kit.clock import Clock


class Screen(Listener):
    """Writes to standard output; plain lines when that is no terminal."""

    def __init__(self, clock: Clock) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._clock = clock
        self._began = clock.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the runner began."""
        return self._clock.monotonic() - self._began

    def step(self, what: str) -> None:
        """Say that something is done."""
        self._console.print(f"[dim]{self.elapsed:6.1f} s[/]  [green]✓[/] {escape(what)}")

    def warn(self, what: str) -> None:
        """Say that something went wrong and muster goes on."""
        self._console.print(f"[dim]{self.elapsed:6.1f} s[/]  [red]✗[/] {escape(what)}")

    @override
    def ready(self, name: str, seconds: float) -> None:
        self.step(f"{name} ready after {seconds:.1f} s")

    @override
    def ended(self, reason: str, pause: float) -> None:
        first, *rest = reason.splitlines()
        self.warn("\n".join([f"{first}; starting it again in {pause:.1f} s", *rest]))

    def panel(self, title: str, places: Mapping[str, str]) -> None:
        """Show where everything is."""
        table = Table.grid(padding=(0, 2))
        for name, place in places.items():
            table.add_row(f"[bold]{escape(name)}[/]", escape(place))
        self._console.print(Panel(table, title=title, expand=False))

    def fail(self, sentence: str) -> None:
        """Say why the runner gives up."""
        self._console.print(f"[red]muster cannot run:[/] {escape(sentence)}")
