"""The grammar of OpenID Connect and OAuth 2.0: names, authorization requests, PKCE, client credentials, ID tokens.

Owns what the standards demand of both roles. Does not own who a client is, what a claim means or where keys come from.
Called by `broker.downstream.oidc` (we are the provider) and `connectors.oidc` (we are the relying party).
"""
