"""How commands stand together: sections of `vestibule --help`, and groups that mean one of their commands when none is named."""

from __future__ import annotations

import click

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("This installation", ("init", "migrate", "run", "demo", "doctor", "upkeep", "master-key", "completion")),
    ("Configuration as a file", ("apply", "diff", "export")),
    ("Connecting", ("tenant", "setup-link", "connector", "domain", "application")),
)
"""Whatever stands in none of them follows under `OTHERS`."""
OTHERS = "People, support and administration"
ON_THE_MACHINE = frozenset({"init", "migrate", "run", "demo", "doctor", "upkeep", "master-key"})
"""What works on the hub's own machine only."""


class Sections(click.Group):
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        known = {name for _, names in SECTIONS for name in names}
        others = tuple(sorted(name for name in self.commands if name not in known))
        for title, names in (*SECTIONS, (OTHERS, others)):
            rows = [(name, self.commands[name].get_short_help_str(limit=90)) for name in names if name in self.commands]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


class Shorthand(click.Group):
    """`vestibule trace CODE` means `vestibule trace find CODE`."""

    def __init__(self, *arguments: object, default: str, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]
        self.default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [self.default, *args]
        return super().parse_args(ctx, args)
