"""AD FS (Windows Server 2012 R2 to 2025) as SAML identity provider."""

from __future__ import annotations

from connectors.contract import SetupStep
from connectors.saml.connector import Dialect, SamlConnectorType

# objectGUID never changes, is never given to another account, and is no email. AD FS hands it out as base64.
CLAIM_RULES = """\
@RuleName = "Who it is, in Active Directory's words"
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname", Issuer == "AD AUTHORITY"]
 => add(store = "Active Directory",
        types = ("urn:vestibule:objectguid"),
        query = ";objectGUID;{0}", param = c.Value);

@RuleName = "Persistent Name ID from objectGUID"
c:[Type == "urn:vestibule:objectguid"]
 => issue(Type = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier",
          Issuer = c.Issuer, OriginalIssuer = c.OriginalIssuer, Value = c.Value, ValueType = c.ValueType,
          Properties["http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/format"]
            = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");

@RuleName = "Email, names"
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname", Issuer == "AD AUTHORITY"]
 => issue(store = "Active Directory",
          types = ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
                   "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
                   "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
                   "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"),
          query = ";mail,givenName,sn,displayName;{0}", param = c.Value);
"""

# Single quotes: PowerShell expands nothing inside them; our addresses contain none.
POWERSHELL = (
    "Add-AdfsRelyingPartyTrust -Name 'Vestibule' -MetadataUrl '{metadata}' "
    "-IssuanceTransformRules (Get-Content .\\vestibule-rules.txt -Raw) "
    "-AccessControlPolicyName 'Permit everyone' -MonitoringEnabled $true -AutoUpdateEnabled $true"
)


class AdfsConnectorType(SamlConnectorType):
    """Deviations: refuses NameIDPolicy (MSIS7070), encrypts with AES-CBC inside an unsigned Response."""

    name = "adfs"
    label = "AD FS"
    dialect = Dialect(
        never_name_id_policy=True,
        accept_unsigned_cbc=True,
        steps=(
            SetupStep(
                "PowerShell, on the AD FS server",
                POWERSHELL,
                "Save the claim rules below as vestibule-rules.txt in the current folder first.",
                multiline=True,
            ),
            SetupStep(
                "Claim rules (issuance transform rules)",
                CLAIM_RULES,
                "Or paste them into Edit Claim Issuance Policy, one custom rule each.",
                multiline=True,
            ),
        ),
    )


TYPE = AdfsConnectorType()
