"""Who runs the command, and errors as sentences."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from functools import wraps
from typing import NoReturn, ParamSpec, TypeVar

import click

from broker.domain.errors import BrokerError, ConfigurationError
from broker.services import actor as actors
from broker.services.actor import Actor

P = ParamSpec("P")
R = TypeVar("R")


def me() -> Actor:
    return actors.operator(getpass.getuser())


def refuse(error: BrokerError) -> NoReturn:
    """The sentence, where it is wrong, and who can do what."""
    where = f" ({error.field})" if isinstance(error, ConfigurationError) and error.field else ""
    click.secho(f"Refused{where}: {error.sentence}", fg="red", err=True)
    if error.cause:
        click.echo(f"  cause: {error.cause}", err=True)
    sys.exit(1)


def sentences(function: Callable[P, R]) -> Callable[P, R]:
    """Errors of ours become sentences, never tracebacks."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except BrokerError as error:
            refuse(error)

    return wrapped
