"""Explaining a message that somebody pasted: what it is, what is in it, and what a login would say about it.

Owns recognising and showing; the judgement is the connector's or the application's own (`Surveys`). Everything happens in
memory: nothing that is pasted is stored, logged, sent anywhere or remembered. Called by the operation `message.explain`.
"""

from broker.services.explain.service import Explain, Explanation

__all__ = ["Explain", "Explanation"]
