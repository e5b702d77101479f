"""`vestibule demo`: state, partners, federation, server; then says what to open and what to type."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import click
import yaml

from broker import opening
from broker.demo.federation import federation
from broker.demo.world import Ports, World, refuse_in_production
from broker.services import declarative
from broker.services.actor import operator
from broker.services.tenants import SaveDomain, SaveTenant
from broker.settings import Settings, validate

PEOPLE = "alice@acme.example (signs in by SAML) or grace@globex.example (signs in by OpenID Connect)"
ME = operator("demonstration")
FETCHED = ("127.0.0.1/32",)


def run(preferred_port: int) -> None:
    """Serves until it is stopped. A second start keeps everything: addresses stay the same while their ports are free."""
    refuse_in_production()
    folder = Path(os.environ.get("VESTIBULE_STATE_DIR", "var/demo")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    port = _free(preferred_port)
    ports = Ports(*(_free(wanted) for wanted in astuple(Ports())))
    settings = validate(
        Settings(public_url=f"http://localhost:{port}", state_dir=str(folder), allow_private_addresses=FETCHED, log_level="WARNING")
    )
    for name in ("public_url", "state_dir", "log_level"):
        os.environ[f"VESTIBULE_{name.upper()}"] = getattr(settings, name)
    os.environ["VESTIBULE_ALLOW_PRIVATE_ADDRESSES"] = ",".join(FETCHED)
    opening.initialise(settings)
    world = World(settings.public_url, ports)
    command = [sys.executable, "-m", "broker.demo.partners", "--broker", world.broker_url, "--state", str(folder)]
    command += ["--ports", *(str(number) for number in astuple(ports))]
    partners = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        if partners.stdout is None or not partners.stdout.readline():
            raise SystemExit("The demonstration's partners did not start.")
        setup_url = _load(settings, world, folder)
        opening.serve(f"127.0.0.1:{port}", workers=1, threads=8, when_ready=lambda: _say(world, folder, setup_url))
    finally:
        partners.terminate()
        partners.wait(timeout=10)


def _load(settings: Settings, world: World, folder: Path) -> str:
    """Applies the demonstration's file, and makes a set-up link for a third company that has no identity provider yet."""
    file = folder / "federation.yaml"
    file.write_text(yaml.safe_dump(federation(world, folder), sort_keys=False, allow_unicode=True), "utf-8")
    built = opening.open_hub(settings)
    built.configuration.apply(ME, declarative.read(file))
    third = built.tenants.save(ME, SaveTenant("initech", "Initech"))
    built.tenants.save_domain(ME, SaveDomain(third.object_id, "initech.example"))
    link = built.setup_links.create(ME, third.object_id, days=1)
    return f"{settings.public_url}/setup/{link.token}"


def _free(preferred: int) -> int:
    """This port if nobody listens there, else one that the system picks."""
    for candidate in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SystemExit("There is no free port on 127.0.0.1.")


def _say(world: World, folder: Path, setup_url: str) -> None:
    click.echo(
        f"""
Vestibule is running at {world.broker_url}, with a DEMONSTRATION federation.

  Open   {world.saml_app}   an application that speaks SAML
  or     {world.oidc_app}   an application that speaks OpenID Connect

  press "Sign in" and type
         {PEOPLE}

  Connect a third company, as its administrator would:
         {setup_url}
         (choose "SAML 2.0", upload {folder / "initech-metadata.xml"},
          switch on, then sign in as peter@initech.example)

  Stop with Ctrl+C.
"""
    )
