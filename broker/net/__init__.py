"""The only way out: HTTP requests to partners under a guard.

Owns name resolution, the refusal of private addresses, time and size limits and the redirect policy. Does not know what
is fetched. Handed to connectors as `connectors.contract.Fetcher`; created once in `broker.app`.
"""
