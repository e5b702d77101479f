"""Mail to customers and staff: a link reaches the one address it was made for, if the operator named a mail server."""

from __future__ import annotations

from broker.domain.email import normalise
from broker.domain.errors import InvalidSettings, MailNotSent
from broker.domain.messages import LANGUAGES, translatable
from broker.net.mail import Mailer, mail_server
from broker.services.actor import Actor
from broker.services.context import Workbench, note
from broker.services.letters import Letter, Writes
from broker.services.throttle import Limit, Throttle

_EACH_ACTOR = Limit("mail of one actor", 60, 3600)
_EACH_ADDRESS = Limit("mail to one address", 5, 3600)
NO_SERVER = translatable("This hub has no mail server: send the link yourself, or name one (VESTIBULE_SMTP_URL).")


class Post:
    def __init__(self, bench: Workbench, throttle: Throttle, written: Writes) -> None:
        self._bench = bench
        self._throttle = throttle
        self._written = written
        server = mail_server(bench.settings.smtp_url)
        self._mailer = None if server is None else Mailer(server, bench.settings.mail_from)

    @property
    def ready(self) -> bool:
        """Whether there is a mail server to hand mail to."""
        return self._mailer is not None

    def check(self, actor: Actor, to: str, language: str) -> str:
        """The address as it will be used; called before what is mailed exists. Raises InvalidSettings, TooManyAttempts."""
        address = normalise(to.strip())
        if address is None:
            raise InvalidSettings(translatable("Give one plain email address."), field="mail_to")
        if language not in LANGUAGES:
            raise InvalidSettings(translatable("Choose a language."), field="language")
        if self._mailer is None:
            raise InvalidSettings(NO_SERVER, field="mail_to")
        self._throttle.attempt(_EACH_ADDRESS, address.lower())
        self._throttle.attempt(_EACH_ACTOR, actor.name)
        return address

    def send(self, actor: Actor, to: str, letter: Letter, language: str, about: tuple[str, str, str | None]) -> str:
        """"" when the server took it, else why not, as a sentence: what was made exists all the same.

        `about`, for the audit log: kind and id of what the mail is about, and its tenant.
        """
        if self._mailer is None:
            return NO_SERVER
        action, after, problem = "mailed", {"to": to}, ""
        try:
            self._mailer.send(to, *self._written(letter, language))
        except MailNotSent as error:
            action, after, problem = "mail_failed", {"to": to, "cause": error.cause}, error.sentence
        kind, object_id, tenant_id = about
        note(self._bench, actor.name, kind=kind, object_id=object_id, tenant_id=tenant_id, action=action, after=after)
        return problem

    def look(self) -> None:
        """Signs in to the mail server as for a mail. Raises MailNotSent."""
        if self._mailer is not None:
            self._mailer.look()
