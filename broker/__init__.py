"""Vestibule, an identity hub: SAML 2.0 and OpenID Connect on both sides, one pipeline in between."""

__version__ = "0.1.0"
