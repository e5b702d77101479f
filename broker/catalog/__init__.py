"""Configuration prepared for logins: parsed, compiled, keys loaded; immutable objects in a bounded memory per worker.

Owns when something is prepared again: one version is read per protocol request, and exactly what changed is forgotten.
Never the only copy of anything.
"""
