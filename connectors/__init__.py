"""Upstream halves of protocols: here the hub is service provider, relying party, directory client.

Owns how each kind of identity provider is asked and believed. Knows no database, no Flask, no other tenant and no
pipeline: everything a connector needs is handed to it (`contract.Tools`). Called through `contract.Upstream` only.
"""
