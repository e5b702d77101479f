"""The account page's place in the hub: its id as an application, its address."""

from __future__ import annotations

ACCOUNT_ID = "account"
ADDRESS = "/account"
