"""Passwords of staff cost an attacker what they should. Other tests hash them with next to no work."""

from __future__ import annotations

import subprocess
import sys

HASH = "from broker.services.staff import passwords; print(passwords.hash_of('heron lamp quarry violin'))"


def test_given_a_process_of_the_hub_then_a_password_is_hashed_with_the_parameters_of_rfc_9106() -> None:
    hashed = subprocess.run([sys.executable, "-c", HASH], capture_output=True, text=True, check=True).stdout

    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$"), "RFC 9106, section 4, the second recommended option"
