"""What went wrong on the way to an address, as one stable word.

`no_name` no such host, `refused` nobody listens there, `unreachable` no way there, `timeout`, `tls_expired`, `tls_name`,
`tls_untrusted`, `tls` (anything else about the encrypted connection), `broken` the connection ended early or spoke no HTTP.
`too_large`, `encoding` and `not_allowed` come from the fetcher itself.
"""

from __future__ import annotations

import errno
import ssl

from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ReadTimeoutError
from urllib3.exceptions import SSLError as TlsError
from urllib3.util.ssl_match_hostname import CertificateError

# X509_V_ERR_… of OpenSSL (verify(1)); the numbers are its stable interface.
_CERTIFICATE = {
    9: "tls_expired",  # not yet valid
    10: "tls_expired",
    62: "tls_name",  # host name mismatch
    64: "tls_name",  # IP address mismatch
    18: "tls_untrusted",  # self-signed
    19: "tls_untrusted",  # self-signed in the chain
    20: "tls_untrusted",  # no issuer here, usually a missing intermediate certificate
    21: "tls_untrusted",
}
_NO_WAY = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EACCES, errno.EPERM})


def problem_of(error: BaseException) -> str:
    """The word for an exception of requests or of what lies below it: the innermost reason that says something counts."""
    found = "broken"
    for reason in _chain(error):
        found = _word(reason) or found
    return found


def _word(reason: BaseException) -> str | None:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return _CERTIFICATE.get(reason.verify_code, "tls_untrusted")
    if isinstance(reason, CertificateError):
        return "tls_name"  # urllib3 compares names itself, because we connect to an address and not to the name
    if isinstance(reason, ssl.SSLError | TlsError):
        return "tls"
    if isinstance(reason, TimeoutError | ConnectTimeoutError | ReadTimeoutError):
        return "timeout"
    if isinstance(reason, ConnectionRefusedError):
        return "refused"
    if isinstance(reason, NewConnectionError) or (isinstance(reason, OSError) and reason.errno in _NO_WAY):
        return "unreachable"
    return None


def _chain(error: BaseException) -> list[BaseException]:
    """From the outside in. requests and urllib3 keep the reason as an argument, as `reason` or as the cause."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        reason = waiting.pop(0)
        if reason is None or any(reason is each for each in found):
            continue
        found.append(reason)
        inner = [each for each in reason.args if isinstance(each, BaseException)]
        inner += [each for each in (getattr(reason, "reason", None),) if isinstance(each, BaseException)]
        waiting += [*inner, reason.__cause__, reason.__context__]
    return found
