"""The console: where the hub's own staff configure tenants, connectors and applications, and explain failed logins.

Owns its pages, the door (who is signed in, may they see this page) and nothing else: whatever it shows or changes goes
through `broker.services.operations` or the staff service. Called by browsers below `/console`; wired by `broker.app`.
"""
