"""The face of applications: here the hub is identity provider, OpenID provider, security token service.

Each folder turns one protocol's requests into `AuthenticationRequest`, calls the pipeline, and answers in that protocol.
The folders do not know one another, and none knows a connector.
"""
