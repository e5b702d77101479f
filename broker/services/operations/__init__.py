"""Operations: everything that can be asked of the hub or done to it, one table for every face.

An operation has a name, a sentence, the verb it needs, an input and an output dataclass, and one function. The console
calls it from a form, the management API and its OpenAPI description are made from it, and so is the command line: a new
operation appears in all of them. Owns authorization of reading and the shape of what is shown; does not own rules of
change, which are the services'. `run` is the only way in.
"""

from broker.services.operations.model import Call, Deleted, Operation, Page, Services, argument
from broker.services.operations.table import Operations

__all__ = ["Call", "Deleted", "Operation", "Operations", "Page", "Services", "argument"]
