"""`vestibule demo`: state, partners, federation, server; then says what to open and what to type."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import click
import yaml

from broker import opening
from broker.assembly.vestibule import Vestibule
from broker.demo import saml_idp
from broker.demo.federation import federation
from broker.demo.partners import listen, port_of
from broker.demo.state import StateFiles
from broker.demo.world import Ports, World, refuse_in_production
from broker.domain.errors import InvalidSetupLink
from broker.services import declarative
from broker.services.actor import operator
from broker.services.connectors import SaveConnector
from broker.services.setup_links import MAX_DAYS
from broker.services.tenants import SaveDomain, SaveTenant
from broker.settings import Settings, validate

PEOPLE = "alice@acme.example (signs in by SAML) or grace@globex.example (signs in by OpenID Connect)"
THIRD_METADATA = "initech-metadata.xml"
ME = operator("demonstration")
FETCHED = ("127.0.0.1/32",)
_PORTS = "ports.json"
_LINK = "initech-setup-link"
_STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class _Third:
    """The company that somebody connects by hand: its set-up page, and whether that has been done."""

    setup_url: str
    connected: bool


def run(preferred_port: int) -> None:
    """Serves until it is stopped. 0: any free ports. A second start keeps everything, and the addresses that are still free."""
    refuse_in_production()
    folder = Path(os.environ.get("VESTIBULE_STATE_DIR", "var/demo")).absolute()
    sockets = _listen(StateFiles(folder), preferred_port)
    port, *others = (port_of(each) for each in sockets)
    settings = validate(
        Settings(public_url=f"http://localhost:{port}", state_dir=str(folder), allow_private_addresses=FETCHED, log_level="WARNING")
    )
    _hand_over(settings)
    first_owner = opening.initialise(settings).first_owner
    world = World(settings.public_url, Ports(*others))
    with _partners(world, folder, sockets[1:]):
        third = _load(settings, world, folder)
        console = first_owner.url if first_owner is not None else f"{settings.public_url}/console"
        opening.serve(f"fd://{sockets[0].detach()}", workers=1, threads=8, when_ready=lambda: _say(world, folder, third, console))


def _listen(files: StateFiles, preferred_port: int) -> list[socket.socket]:
    """The hub's socket and those of its partners: where they were last time, if that is free."""
    wanted = (preferred_port, *(astuple(Ports()) if preferred_port else (0,) * len(astuple(Ports()))))
    try:
        last = json.loads((files.folder / _PORTS).read_text("ascii"))
    except (OSError, ValueError):
        last = []
    remembered = last if isinstance(last, list) and len(last) == len(wanted) else [0] * len(wanted)
    # A port that was asked for by name goes before the remembered one.
    hub = listen(*((preferred_port, remembered[0]) if preferred_port else (remembered[0],)), 0)
    sockets = [hub, *(listen(before, now, 0) for before, now in zip(remembered[1:], wanted[1:], strict=True))]
    files.document(_PORTS, json.dumps([port_of(each) for each in sockets]).encode())
    return sockets


def _hand_over(settings: Settings) -> None:
    """To the worker, which reads its environment: these settings and no others."""
    os.environ.pop("VESTIBULE_CONFIG", None)
    for item in fields(settings):
        value = getattr(settings, item.name)
        os.environ[f"VESTIBULE_{item.name.upper()}"] = ",".join(value) if isinstance(value, tuple) else str(value)


@contextmanager
def _partners(world: World, folder: Path, sockets: list[socket.socket]) -> Iterator[None]:
    """The other companies, in a process that does not outlive this one."""
    numbers = [each.fileno() for each in sockets]
    command = [sys.executable, "-m", "broker.demo.partners", "--broker", world.broker_url, "--state", str(folder)]
    command += ["--parent", str(os.getpid()), "--sockets", *(str(number) for number in numbers)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=numbers)
    try:
        for each in sockets:
            each.close()
        if process.stdout is None or not process.stdout.readline():
            raise SystemExit("The demonstration's partners did not start.")
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _load(settings: Settings, world: World, folder: Path) -> _Third:
    """Applies the demonstration's file, and makes a set-up link for a third company that has no identity provider yet."""
    files = StateFiles(folder)
    text = yaml.safe_dump(federation(world, folder), sort_keys=False, allow_unicode=True)
    file = files.document("federation.yaml", text.encode())
    built = opening.open_hub(settings)
    built.configuration.apply(ME, declarative.read(file))
    third = built.tenants.save(ME, SaveTenant("initech", "Initech"))
    built.tenants.save_domain(ME, SaveDomain(third.object_id, "initech.example"))
    _publish_third(built, files, world, third.object_id)
    token = _setup_token(built, files, third.object_id)
    connected = any(connector.enabled for connector in built.connectors.all(third.object_id))
    built.database.dispose()  # the worker that is forked from here opens connections of its own
    return _Third(f"{settings.public_url}/setup/{token}", connected)


def _publish_third(built: Vestibule, files: StateFiles, world: World, tenant_id: str) -> None:
    """Writes the metadata to upload. A connector that was made of the last start's follows when the address has changed."""
    path = files.folder / THIRD_METADATA
    last = path.read_bytes() if path.exists() else b""
    document = saml_idp.metadata(world, saml_idp.signing_key(files, saml_idp.INITECH), saml_idp.INITECH)
    files.document(THIRD_METADATA, document)
    if document == last:
        return
    for connector in built.connectors.all(tenant_id):
        entity_id = getattr(connector.settings, "entity_id", "")
        if entity_id and f'entityID="{entity_id}"'.encode() in last:
            built.connectors.save(
                ME,
                SaveConnector(
                    tenant_id, connector.slug, connector.type, connector.name, metadata=document, enabled=connector.enabled
                ),
            )


def _setup_token(built: Vestibule, files: StateFiles, tenant_id: str) -> str:
    """The last start's link while it works, because it knows what has been set up with it; else a new one."""
    path = files.folder / _LINK
    try:
        token = path.read_text("ascii")
        built.setup_links.open(token)
    except (OSError, InvalidSetupLink):
        token = built.setup_links.create(ME, tenant_id, days=MAX_DAYS).token
        files.document(_LINK, token.encode())
    return token


def _say(world: World, folder: Path, third: _Third, console: str) -> None:
    # A closed terminal means stop; gunicorn would only load itself anew.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    if third.connected:
        invitation = f"""A third company is connected already: sign in as peter@initech.example. Its set-up page:
         {third.setup_url}"""
    else:
        invitation = f"""Connect a third company, as its administrator would:
         {third.setup_url}
         Choose "Another system, SAML 2.0", upload
         {folder / THIRD_METADATA}
         and switch on; then sign in as peter@initech.example."""
    click.echo(
        f"""
Vestibule is running at {world.broker_url}, with a DEMONSTRATION federation.

  Open   {world.saml_app}   an application that speaks SAML
  or     {world.oidc_app}   an application that speaks OpenID Connect

  press "Sign in" and type
         {PEOPLE}

  {invitation}

  Look at all of it from the console, as its owner:
         {console}

  Everything is kept in {folder}. Stop with Ctrl+C.
"""
    )
