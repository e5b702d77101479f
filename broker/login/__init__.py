"""The pipeline: home realm, connector, acceptance, identity, authorization, issuance, answer. Knows no protocol.

Owns the order of a login and every decision in it. Called by faces (`downstream`, `upstream`, `interaction`) through
`pipeline.Pipeline`. Its two doors are ports that it owns: `upstream.py` and `downstream.py`.
"""
