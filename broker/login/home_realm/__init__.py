"""Home realm discovery: hints > domain > remembered choice > chooser (PRODUCT rule 6).

Owns the order and the neutral answer. Every candidate has passed the same gate: tenant and connector enabled, application
serves the tenant and accepts the connector, and the tenant endpoint (if any) matches.
"""
