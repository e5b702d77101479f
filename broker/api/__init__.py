"""The management API: every operation as REST below `/api/v1`, with the description that is generated from the same table.

Owns HTTP semantics (problem details, entity tags, idempotency keys, paging links) and the tokens' door. Does not own any
rule: `broker.services.operations` authorises and does the work. Called by scripts and `vestibule --server`.
"""
