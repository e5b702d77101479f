"""SCIM 2.0 below `/scim/v2/<connector>`: a customer's directory pushes its people and groups (RFC 7644).

Owns HTTP and the shape of documents; what they mean is `broker.protocols.scim`, what happens is `broker.services.provisioning`.
The token of the connector in the address is the only thing that is believed; no cookie, no token of the management API.
Every request that is refused is told in SCIM's own words, and kept for support in a sentence. Called by Entra ID, Okta, OneLogin
and their like.
"""
