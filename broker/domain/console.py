"""The console's place in the hub as an application of its own: its id, and where the pipeline answers it."""

from __future__ import annotations

CONSOLE_ID = "console"
ANSWER = "/console/sign-in/answer"
REFUSED = "/console/sign-in"
