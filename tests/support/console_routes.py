"""Every address of the console and the verb that opens it: the security review of the console on one page.

A new route must stand here, or `tests/faces/test_staff_roles.py` fails: default deny. `public`: before sign-in; `anybody`:
whoever is signed in; else a verb of `broker.services.actor`. `hub`: closed to tenant administrators whatever they hold.
`<tenant>` in an address: an administrator of another tenant is told that there is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from broker.services.actor import Verb

TABLE = """
GET   /console                                                             read
GET   /console/new/tenant                                                  configure hub
POST  /console/new/tenant                                                  configure hub
GET   /console/tenants                                                     read
GET   /console/tenants/<tenant>                                            read
GET   /console/tenants/<tenant>/settings                                   configure
POST  /console/tenants/<tenant>/settings                                   configure
GET   /console/tenants/<tenant>/rules                                      configure
POST  /console/tenants/<tenant>/rules                                      configure
GET   /console/branding                                                    read hub
POST  /console/branding                                                    configure hub
GET   /console/tenants/<tenant>/branding                                   read
POST  /console/tenants/<tenant>/branding                                   configure
POST  /console/tenants/<tenant>/delete                                     configure
POST  /console/tenants/<tenant>/domains                                    configure
POST  /console/tenants/<tenant>/domains/<domain>/remove                    configure
GET   /console/tenants/<tenant>/new/connector                              set_up
POST  /console/tenants/<tenant>/new/connector                              set_up
GET   /console/tenants/<tenant>/new/setup-link                             configure
POST  /console/tenants/<tenant>/new/setup-link                             configure
POST  /console/tenants/<tenant>/setup-links/<link>/revoke                  configure
GET   /console/tenants/<tenant>/connectors/<connector>                     read
GET   /console/tenants/<tenant>/connectors/<connector>/settings            set_up
POST  /console/tenants/<tenant>/connectors/<connector>/settings            set_up
POST  /console/tenants/<tenant>/connectors/<connector>/general             set_up
POST  /console/tenants/<tenant>/connectors/<connector>/metadata            set_up
POST  /console/tenants/<tenant>/connectors/<connector>/metadata/save       set_up
POST  /console/tenants/<tenant>/connectors/<connector>/probe               read_traces
POST  /console/tenants/<tenant>/connectors/<connector>/refresh             set_up
POST  /console/tenants/<tenant>/connectors/<connector>/refresh/accept      set_up
POST  /console/tenants/<tenant>/connectors/<connector>/enable              set_up
POST  /console/tenants/<tenant>/connectors/<connector>/disable             set_up
POST  /console/tenants/<tenant>/connectors/<connector>/delete              configure
GET   /console/tenants/<tenant>/hosts                                      read
POST  /console/tenants/<tenant>/hosts                                      configure hub
POST  /console/tenants/<tenant>/hosts/<host>/check                         configure hub
POST  /console/tenants/<tenant>/hosts/<host>/switch                        configure hub
POST  /console/tenants/<tenant>/hosts/<host>/remove                        configure hub
GET   /console/tenants/<tenant>/connectors/<connector>/provisioning        read
POST  /console/tenants/<tenant>/connectors/<connector>/provisioning        set_up
POST  /console/tenants/<tenant>/connectors/<connector>/provisioning/tokens set_up
POST  /console/tenants/<tenant>/connectors/<connector>/provisioning/tokens/<token>/revoke set_up
POST  /console/tenants/<tenant>/connectors/<connector>/provisioning/remove configure
GET   /console/tenants/<tenant>/connectors/<connector>/provisioning/people read_people
GET   /console/tenants/<tenant>/connectors/<connector>/provisioning/people/<pushed> read_people
GET   /console/tenants/<tenant>/connectors/<connector>/provisioning/groups read_people
POST  /console/tenants/<tenant>/claims                                     set_up
POST  /console/tenants/<tenant>/claims/<domain>/check                      set_up
POST  /console/tenants/<tenant>/claims/<domain>/withdraw                   set_up
GET   /console/domain-conflicts                                            read hub
POST  /console/domain-conflicts/<domain>/transfer                          configure hub
GET   /console/tenants/<tenant>/connectors/<connector>/test                set_up
POST  /console/tenants/<tenant>/connectors/<connector>/test                set_up
GET   /console/tenants/<tenant>/connectors/<connector>/tests/<test>        set_up
GET   /console/search                                                      read
GET   /console/sign-ins                                                    read_traces
GET   /console/sign-ins/<code>                                             read_traces
GET   /console/explain                                                     read_traces
POST  /console/explain                                                     read_traces
GET   /console/usage                                                       read_people
GET   /console/usage/<slug>                                                read_people
GET   /console/audit                                                       read_audit
GET   /console/audit/export                                                read_audit
GET   /console/errors                                                      public
GET   /console/errors/<code>                                               public
GET   /console/tenants/<tenant>/intake                                     set_up
POST  /console/tenants/<tenant>/intake                                     set_up
GET   /console/applications                                                read hub
GET   /console/applications/<application>                                  read hub
GET   /console/applications/<application>/settings                         configure hub
POST  /console/applications/<application>/settings                         configure hub
GET   /console/applications/<application>/access                           configure hub
POST  /console/applications/<application>/access                           configure hub
GET   /console/applications/<application>/rules                            configure hub
POST  /console/applications/<application>/rules                            configure hub
GET   /console/applications/<application>/branding                         read hub
POST  /console/applications/<application>/branding                         configure hub
POST  /console/applications/<application>/metadata                         configure hub
POST  /console/applications/<application>/secrets/add                      configure hub
POST  /console/applications/<application>/secrets/rotate                   configure hub
POST  /console/applications/<application>/secrets/<secret>/remove          configure hub
POST  /console/applications/<application>/delete                           configure hub
GET   /console/new/application                                             configure hub
GET   /console/new/application/<protocol>                                  configure hub
POST  /console/new/application/<protocol>                                  configure hub
GET   /console/people                                                      read_people
GET   /console/people/<tenant>/<person>                                    read_people
POST  /console/people/<tenant>/<person>/disable                            manage_people
POST  /console/people/<tenant>/<person>/enable                             manage_people
GET   /console/people/<tenant>/<person>/links/<link>/unlink                read_people
POST  /console/people/<tenant>/<person>/links/<link>/unlink                manage_people
POST  /console/people/<tenant>/<person>/sessions/<session>/end             manage_people
POST  /console/people/<tenant>/<person>/sign-out                           manage_people
GET   /console/keys                                                        read hub
GET   /console/tenants/<tenant>/keys                                       read
GET   /console/applications/<application>/keys                             read hub
POST  /console/keys/announce                                               configure hub
GET   /console/keys/bring                                                  configure hub
POST  /console/keys/bring                                                  configure hub
POST  /console/keys/<key>/promote                                          configure hub
POST  /console/keys/<key>/retire                                           configure hub
POST  /console/keys/<key>/revoke                                           configure hub
POST  /console/own-keys/begin                                              configure hub
POST  /console/own-keys/end                                                configure hub
GET   /console/keys/rollover                                               administer hub
POST  /console/keys/rollover                                               administer hub
GET   /console/staff                                                       administer hub
GET   /console/staff/<staff>                                               administer hub
POST  /console/staff/<staff>/settings                                      administer hub
POST  /console/staff/<staff>/link                                          administer hub
POST  /console/staff/<staff>/reset                                         administer hub
POST  /console/staff/<staff>/enable                                        administer hub
POST  /console/staff/<staff>/disable                                       administer hub
POST  /console/staff/<staff>/sessions/end                                  administer hub
POST  /console/staff/<staff>/sessions/<session>/end                        administer hub
POST  /console/staff/<staff>/delete                                        administer hub
GET   /console/new/staff                                                   administer hub
POST  /console/new/staff                                                   administer hub
GET   /console/staff-sign-in                                               administer hub
POST  /console/staff-sign-in                                               administer hub
GET   /console/tokens                                                      administer hub
GET   /console/new/token                                                   administer hub
POST  /console/new/token                                                   administer hub
POST  /console/tokens/<token>/revoke                                       administer hub
GET   /console/me                                                          anybody
POST  /console/me/name                                                     anybody
GET   /console/me/passkey                                                  anybody
POST  /console/me/passkey                                                  anybody
POST  /console/me/passkey/options                                          anybody
POST  /console/me/passkeys/<passkey>/remove                                anybody
GET   /console/me/password                                                 anybody
POST  /console/me/password                                                 anybody
POST  /console/me/password/remove                                          anybody
GET   /console/me/authenticator                                            anybody
POST  /console/me/authenticator                                            anybody
POST  /console/me/authenticator/new                                        anybody
POST  /console/me/connector                                                anybody
POST  /console/me/connector/remove                                         anybody
POST  /console/me/sessions/<session>/end                                   anybody
POST  /console/me/sessions/end-others                                      anybody
GET   /console/confirm                                                     anybody
POST  /console/confirm                                                     anybody
POST  /console/confirm/passkey                                             anybody
POST  /console/confirm/passkey/options                                     anybody
POST  /console/confirm/connector                                           anybody
GET   /console/sign-in                                                     public
POST  /console/sign-in                                                     public
GET   /console/sign-in/code                                                public
POST  /console/sign-in/code                                                public
POST  /console/sign-in/passkey                                             public
POST  /console/sign-in/passkey/options                                     public
POST  /console/sign-in/connector                                           public
GET   /console/sign-in/answer                                              public
POST  /console/sign-out                                                    public
GET   /console/welcome/<token>                                             public
POST  /console/welcome/<token>/person                                      public
POST  /console/welcome/<token>/password                                    public
GET   /console/welcome/<token>/authenticator                               public
POST  /console/welcome/<token>/authenticator                               public
POST  /console/welcome/<token>/passkey                                     public
POST  /console/welcome/<token>/passkey/options                             public
"""


@dataclass(frozen=True)
class Access:
    method: str
    rule: str
    who: str
    hub: bool

    @property
    def verb(self) -> Verb | None:
        return None if self.who in {"public", "anybody"} else Verb(self.who)

    @property
    def of_tenant(self) -> bool:
        return "<tenant>" in self.rule or self.rule == "/console/usage/<slug>"

    @property
    def ends_something(self) -> bool:
        """Sent last: what it names is gone afterwards."""
        return re.search(r"/(delete|remove|reset|revoke|unlink|end|end-others|disable|sign-out)$", self.rule) is not None


def accesses() -> list[Access]:
    found = []
    for line in TABLE.strip().splitlines():
        method, rule, who, *hub = line.split()
        found.append(Access(method, rule, who, hub == ["hub"]))
    return sorted(found, key=lambda access: (access.ends_something, access.method != "GET"))
