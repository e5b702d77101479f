"""The grammar of SCIM 2.0 (RFC 7643, RFC 7644): names, schemas, filters, paths, and what a PATCH does to a resource.

Pure: values in, values out; no database, no HTTP, no tenant. It forgives what directories are known to send (RFC 7644 is read
in several ways) and never guesses: what cannot be understood is refused with the RFC's own `scimType` and a sentence that says
what to send instead. Called by `broker.api.scim`.
"""
