"""Every service, with what it stands on."""

from __future__ import annotations

from broker.login.context import Hub
from broker.login.pipeline import Pipeline
from broker.net.fetch import GuardedFetcher, Limits
from broker.services import domain_looks
from broker.services.account import Account
from broker.services.api_tokens import ApiTokens
from broker.services.applications import Applications
from broker.services.audit import Audit
from broker.services.branding import Brandings
from broker.services.configuration import Configuration
from broker.services.connectors import Connectors
from broker.services.context import Workbench
from broker.services.doctor import Doctor
from broker.services.domain_proof import DomainProof
from broker.services.effort import Effort
from broker.services.explain import Explain
from broker.services.export import Export
from broker.services.federation import FederationMap
from broker.services.following import Following
from broker.services.health import ConnectorHealth
from broker.services.hosts import Hosts
from broker.services.idempotency import Idempotency
from broker.services.identities import Identities
from broker.services.intake import Intakes
from broker.services.key_policy import KeyPolicies
from broker.services.key_rollover import KeyRollover
from broker.services.master_key import MasterKey
from broker.services.operations import Services
from broker.services.own_keys import OwnKeys
from broker.services.post import Post
from broker.services.provisioning import Directories, DirectoryGroups, DirectoryPeople
from broker.services.reach import Reach
from broker.services.safeguards import Safeguards
from broker.services.setup_links import SetupLinks
from broker.services.setup_renewal import SetupRenewal
from broker.services.signing_keys import SigningKeys
from broker.services.staff import Staff
from broker.services.statistics import Statistics
from broker.services.tenants import Tenants
from broker.services.test_login import LoginTests
from broker.services.throttle import Throttle
from broker.services.traces import Traces
from broker.services.upkeep import Upkeep
from broker.services.watch import Watch
from broker.settings import Settings
from broker.web import letters


def _impatient(settings: Settings) -> GuardedFetcher:
    """For looks that nobody waits for: there are thousands of them, and the slow ones must not keep the others waiting."""
    limits = Limits(connect_seconds=3, total_seconds=5)
    return GuardedFetcher(allowed_networks=settings.allow_private_addresses, production=settings.production, limits=limits)


def services_on(bench: Workbench, hub: Hub, pipeline: Pipeline) -> Services:
    tenants, connectors, applications = Tenants(bench), Connectors(bench), Applications(bench)
    throttle = Throttle(hub.transient, bench.clock, checks=not bench.settings.no_check_against_guessing)
    effort = Effort(bench.keyring, hub.transient, bench.clock, bench.settings.check_difficulty)
    identities, post = Identities(bench), Post(bench, throttle, letters.written)
    hosts_service = Hosts(bench, hub.transient, throttle)
    domain_proof = DomainProof(bench, domain_looks.of(bench.settings), throttle)
    reach = Reach(bench, _impatient(bench.settings), throttle)
    following = Following(bench, connectors, throttle)
    signing_keys = SigningKeys(bench)
    own_keys = OwnKeys(bench, signing_keys)
    rollover = KeyRollover(bench, signing_keys, own_keys)
    directories, safeguards = Directories(bench, throttle), Safeguards(bench)
    return Services(
        bench=bench,
        tenants=tenants,
        connectors=connectors,
        applications=applications,
        configuration=Configuration(bench, tenants, connectors, applications, hosts_service, directories),
        export=Export(bench, tenants, connectors, applications),
        setup_links=SetupLinks(bench, tenants, connectors, throttle),
        traces=Traces(bench),
        explain=Explain(bench),
        upkeep=Upkeep(
            bench, hub.transient, domain_proof=domain_proof, key_rollover=rollover, hosts=hosts_service, safeguards=safeguards
        ),
        staff=Staff(bench, hub.transient, throttle, effort),
        throttle=throttle,
        effort=effort,
        identities=identities,
        brandings=Brandings(bench),
        account=Account(bench, identities),
        audit=Audit(bench),
        statistics=Statistics(bench),
        federation=FederationMap(bench),
        health=ConnectorHealth(bench),
        reach=reach,
        following=following,
        watch=Watch(bench, reach, following),
        master_key=MasterKey(bench),
        doctor=Doctor(bench, post, safeguards),
        login_tests=LoginTests(hub, pipeline, connectors, throttle),
        api_tokens=ApiTokens(bench, hub.transient),
        idempotency=Idempotency(bench, hub.transient),
        domain_proof=domain_proof,
        intakes=Intakes(bench),
        setup_renewal=SetupRenewal(bench, connectors, hub.transient),
        signing_keys=signing_keys,
        own_keys=own_keys,
        key_policies=KeyPolicies(bench),
        post=post,
        directories=directories,
        directory_people=DirectoryPeople(bench),
        directory_groups=DirectoryGroups(bench),
        hosts=hosts_service,
        safeguards=safeguards,
    )
