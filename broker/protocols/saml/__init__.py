"""SAML 2.0 as both roles speak it: bindings, AuthnRequest, Response, the checks that the profile demands, descriptors.

Owns reading and building messages; decides nothing about tenants or applications. The only package that imports pysaml2,
and only to build: pysaml2 never parses what was received. Called by `broker.downstream.saml`, `connectors.saml`, `metadata`.
"""
