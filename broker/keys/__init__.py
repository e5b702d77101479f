"""Which key signs now, which are published, and encryption at rest.

Owns making, sealing and opening of private keys and of the hub's own secrets. Does not know what is signed with them.
"""
