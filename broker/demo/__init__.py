"""The demonstration's partners: two identity providers and two applications, as other companies would run them.

Owns four small programs that speak to the hub over HTTP only, and the declarative file that introduces them. Does not own
any code of the hub, and refuses to start in production. Called by `make run` as `python -m broker.demo.partners`.
"""
