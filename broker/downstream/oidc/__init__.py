"""OpenID Connect toward applications: here the hub is the provider.

Owns clients as applications register them, the authorization, token, userinfo, discovery and JWKS endpoints, codes and
access tokens. Does not own who may sign in or what is released: that is `broker.login`. Grammar is
`broker.protocols.oidc`; Authlib's grant classes drive the token endpoint.
"""
