"""Why did this sign-in fail, in words for somebody who does not know the protocols: cause, remedy, and who has to act.

A table, no cleverness: what failed (the check on the trace, else the code of the error) leads to a cause; where it helps,
what the check said and the kind of identity provider lead to a more exact one. Owns the sentences; does not own checks or
errors themselves. Called by the traces service, by the explanation of pasted messages, and by the generated error catalogue.
"""

from broker.services.diagnosis.engine import BY_CHECK, BY_CODE, Diagnosis, diagnose, explain, possible
from broker.services.diagnosis.model import Cause

__all__ = ["BY_CHECK", "BY_CODE", "Cause", "Diagnosis", "diagnose", "explain", "possible"]
