"""PingFederate and PingOne: a thin type over `connectors.saml`; owns the vendor's deviations and words only."""
