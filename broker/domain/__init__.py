"""The words of the product as frozen dataclasses, and its errors.

Owns what a login *is*: request, transaction, home realm, authentication, claims, identity, response, session, trace.
Does not own how anything is stored, spoken or shown. Imports only the standard library; everybody imports it.
"""
