"""Grammar of each protocol, for both roles: bytes and parameters to typed messages and back, signatures, encryption.

Owns what the specifications themselves demand. Knows no tenant, no policy, no Flask, no database, no network. Called by
`broker.downstream`, `connectors` and `metadata`. Nothing else in the hub parses XML, verifies a signature or decrypts.
"""
