"""Active Directory Federation Services: a thin type over `connectors.saml`; owns AD FS's deviations and words only."""
