"""Directories: the people and groups that a customer's own system pushes to us, and what that means for sign-ins.

Owns the rules: who may switch a directory on, which tokens it proves itself with, what happens when somebody is switched off
or deleted there (they are signed out everywhere, at once), and that a directory reaches the people of its own connector and
nobody else. Knows no SCIM: `broker.api.scim` speaks that. Called by the operations, the portal, and the directory's own face.
"""

from broker.services.provisioning.directories import Directories, Directory, DirectoryToken, Refusal, SaveDirectory
from broker.services.provisioning.groups import DirectoryGroups, Group
from broker.services.provisioning.people import DirectoryPeople, DirectoryPerson
from broker.services.provisioning.record import Caller, PersonRecord

__all__ = [
    "Caller",
    "Directories",
    "Directory",
    "DirectoryGroups",
    "DirectoryPeople",
    "DirectoryPerson",
    "DirectoryToken",
    "Group",
    "PersonRecord",
    "Refusal",
    "SaveDirectory",
]
