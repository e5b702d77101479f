"""Sign-in by badge, as a connector type of its own package: the worked example of docs/write-a-connector.md.

Owns what is particular to badges: the form and the check of the code. What every connector needs (browser, expiry, single
use, tenant boundary) is the hub's. Found by the hub through the entry point in setup.cfg.
"""
