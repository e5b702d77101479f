"""The console as an application of its own hub: staff sign in through connectors that an owner has chosen.

Owns the request and what the pipeline answers with: a one-time code, redeemed by the console in the same browser within a
minute. Does not own whether the person is staff: that is `broker.services.staff`. Wired by `broker.app`.
"""
