"""The set-up portal: the customer's administrator, without an account, switches single sign-on for their company on.

Owns the walk behind a set-up link, one page a step, and the pages of later visits. The link itself is the actor: what it
may do is decided by the services. Does not own metadata, connectors, proof or tests. Called by browsers; wired by
`broker.app`.
"""
