"""The set-up page: the customer's administrator, without an account, switches single sign-on for their company on.

Owns the walk of five steps behind a set-up link. The link itself is the actor: what it may do is decided by the service
behind `face.SetupService`. Does not own metadata, connectors or validation. Called by browsers; wired by `broker.app`.
"""
