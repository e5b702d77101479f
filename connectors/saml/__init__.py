"""SAML 2.0 toward identity providers: here the hub is the service provider.

Owns how a SAML identity provider is configured, asked and believed; the checks themselves are grammar
(`broker.protocols.saml.validation`). Vendors with ways of their own stand in sibling folders and only state deviations.
"""
