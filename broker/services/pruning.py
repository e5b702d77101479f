"""What a declarative file does not name goes, when whoever applies it asks for that."""

from __future__ import annotations

from broker.services.actor import Actor
from broker.services.applications import Applications
from broker.services.connectors import Connectors
from broker.services.context import Action, Change
from broker.services.declarative import Source, TenantEntry
from broker.services.hosts import Hosts, tidy
from broker.services.tenants import Tenants


class Pruning:
    def __init__(self, tenants: Tenants, connectors: Connectors, applications: Applications, hosts: Hosts) -> None:
        self._tenants, self._connectors, self._applications, self._hosts = tenants, connectors, applications, hosts

    def prune(self, actor: Actor, source: Source) -> list[Change]:
        """Deletes what the file does not name: applications, tenants, and connectors and domains of the tenants it names."""
        changes: list[Change] = []
        applications = {entry.slug for entry in source.federation.applications}
        tenants = {entry.slug: entry for entry in source.federation.tenants}
        doomed = [found.slug for found in self._applications.all(limit=100_000) if found.slug not in applications]
        changes += [self._applications.delete(actor, slug) for slug in doomed]
        for tenant in self._tenants.all(limit=100_000):
            entry = tenants.get(tenant.slug)
            if entry is None:
                changes.append(self._tenants.delete(actor, tenant.slug))
                continue
            connectors = {connector.slug for connector in entry.connectors}
            domains = {(domain if isinstance(domain, str) else domain.name).lower() for domain in entry.domains}
            changes += [
                self._connectors.delete(actor, tenant.id, found.slug)
                for found in self._connectors.all(tenant.id)
                if found.slug not in connectors
            ]
            changes += [
                self._tenants.delete_domain(actor, tenant.id, domain.name)
                for domain in self._tenants.domains(tenant.id)
                if domain.name not in domains
            ]
            changes += self._unnamed_hosts(actor, tenant.id, entry)
        return changes

    def _unnamed_hosts(self, actor: Actor, tenant_id: str, entry: TenantEntry) -> list[Change]:
        named = {tidy(host if isinstance(host, str) else host.name) for host in entry.hosts}
        doomed = [host for host in self._hosts.of_tenant(tenant_id) if host.name not in named]
        for host in doomed:
            self._hosts.remove(actor, tenant_id, host.name, despite_use=True)
        return [Change("host", host.name, host.id, Action.DELETED) for host in doomed]
