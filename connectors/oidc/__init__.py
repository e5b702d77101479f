"""OpenID Connect toward identity providers: here the hub is the relying party.

Owns the code flow, the provider's rotating keys, the validation of what comes back and the claims read from it. Vendors
(`connectors.entra`, `connectors.google`) state their deviations to it. Grammar is `broker.protocols.oidc`.
"""
