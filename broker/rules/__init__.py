"""Claim rules on the AD FS model: conditions over incoming claims, actions that issue or add claims.

Owns the rule model, the standard templates that compile to it, evaluation, and the alias table of known claim names.
Does not own which rules run when: that is `broker.login`. The rule language will compile to the same model.
"""
