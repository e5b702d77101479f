"""The management API: every operation of the table at its method and path below `/api/v1`, for scripts.

Owns HTTP: tokens in the Authorization header (no cookie is believed here), JSON to input and output to JSON, conditional
requests, idempotency keys, pages with links, and its own OpenAPI description. There is no view per operation and no rule of
change: `broker.services.operations` decides what is done and who may. Called by scripts and by `vestibule --server`.
"""
