"""Short-lived state: login transactions, codes, tokens, replay memory.

Owns atomicity ("taken once", "added once"). Values are bytes; whoever puts them owns their format. Keys are hashed
before they are stored, so a copy of the database yields no usable handle.
"""

from broker.store.transient.contract import TransientStore

__all__ = ["TransientStore"]
