"""Errors of people whom their organisation's own directory keeps out.

LoginError
└─ SwitchedOffInDirectory  UnknownInDirectory
"""

from __future__ import annotations

from broker.domain.errors import Act, LoginError


class SwitchedOffInDirectory(LoginError):
    code = "switched_off_in_directory"
    sentence = "Your organisation has switched off your account."
    act = Act.CUSTOMER_IT
    fix = "Switch the person on in the organisation's own directory; it tells us at its next run."


class UnknownInDirectory(LoginError):
    code = "unknown_in_directory"
    sentence = "Your organisation has not added you here yet."
    act = Act.CUSTOMER_IT
    fix = "Assign the person to this service in the organisation's own directory, or admit people whom it does not know."
