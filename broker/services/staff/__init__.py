"""The hub's own people: accounts and roles, invitations, credentials, sign-in, sessions of the console.

Owns every rule about them: who may sign in with what, that the last owner stays, that a password never comes without a
second factor. Does not own pages (`broker.console`) nor what a role may do (`broker.services.actor`). `Staff` is its one
door; the parts are reached through it.
"""

from broker.services.staff.accounts import ChangeStaff
from broker.services.staff.model import StaffMember, StaffSession, Visitor
from broker.services.staff.staff import Staff

__all__ = ["ChangeStaff", "Staff", "StaffMember", "StaffSession", "Visitor"]
