"""`vestibule staff invite` and `role`: also the way back in when nobody can sign in. The other verbs are made from the table."""

from __future__ import annotations

import click

from broker.cli.caller import call
from broker.cli.sentences import sentences
from broker.domain.errors import UnknownObject
from broker.domain.messages import LANGUAGES
from broker.services.actor import Role
from broker.services.operations.model import UNSET
from broker.services.operations.staff import SaveStaff, SignInView, SignInWith, StaffView
from broker.services.operations.staff_links import InvitationView, InviteStaff, LinkStaff, ResetStaff

_ROLES = click.Choice([role.value for role in Role])


@click.group()
def staff() -> None:
    """The hub's own people and their roles."""


@staff.command("invite")
@click.argument("email")
@click.option("--role", type=_ROLES, default=Role.OPERATOR.value, show_default=True, help="What a new account may do.")
@click.option("--tenant", "tenant_slug", default="", help="The one tenant that a tenant_admin sees.")
@click.option("--name", help="Name that colleagues see; default: the address.")
@click.option("--reset", is_flag=True, help="Of an account that exists: take everything away that it signs in with.")
@click.option("--mail", is_flag=True, help="Mail it to them as well; needs a mail server (VESTIBULE_SMTP_URL).")
@click.option("--language", type=click.Choice(list(LANGUAGES)), default="en", show_default=True, help="Of that mail.")
@click.option("--keep-tokens", is_flag=True, help="With --reset, a risk: let the API tokens that they made go on working.")
@sentences
def invite(
    email: str, role: str, tenant_slug: str, name: str | None, reset: bool, mail: bool, language: str, keep_tokens: bool
) -> None:
    """Print a link with which somebody sets up how they sign in. For an account that exists: a new link, nothing else changes."""
    made: InvitationView
    try:
        if reset:
            made = call("staff.reset", ResetStaff(email, mail, language, keep_tokens))
        else:
            made = call("staff.link", LinkStaff(email, mail, language))
    except UnknownObject:
        made = call("staff.invite", InviteStaff(email, name or email, role, tenant_slug, mail, language))
    click.echo(made.link)
    click.echo(f"For {made.staff.email} ({made.staff.role}); works once, until {made.expires_at:%Y-%m-%d %H:%M} UTC.", err=True)
    if mail:
        click.echo(made.mail_problem or f"Mailed to {made.staff.email}.", err=True)


@staff.command("role")
@click.argument("email")
@click.argument("role", type=_ROLES)
@click.option("--tenant", "tenant_slug", default="", help="The one tenant that a tenant_admin sees.")
@sentences
def change_role(email: str, role: str, tenant_slug: str) -> None:
    """Change what somebody may do; it holds from their next request on."""
    changed: StaffView = call("staff.save", SaveStaff(email, role=role, administers=tenant_slug or UNSET))
    click.echo(f"{changed.email} is now {changed.role}{f' of {changed.administers}' if changed.administers else ''}.")


@staff.command("sign-in-with")
@click.argument("connectors", nargs=-1, metavar="[TENANT/CONNECTOR]...")
@click.option("--yes", is_flag=True, help="Do not ask first.")
@sentences
def sign_in_with(connectors: tuple[str, ...], yes: bool) -> None:
    """Let staff sign in through these connectors of the hub, and no others; without any, through none."""
    if connectors and not yes:
        click.echo("Whoever may change such a connector may become anybody of the staff who is linked through it.", err=True)
        click.confirm("From now on only owners may change it. Go on?", abort=True, err=True)
    chosen: SignInView = call("staff.sign_in_with", SignInWith(connectors))
    if chosen.connectors:
        click.echo(f"Staff may sign in through: {', '.join(chosen.connectors)}.")
    else:
        click.echo("Staff sign in with their own credentials only.")
