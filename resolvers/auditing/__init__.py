"""The audit: recording what is done, in a chain of hashes for each tenant, and proving that nobody changed it since."""

from resolvers.auditing.chain import Appended, append, append_apart
from resolvers.auditing.command import command_record, estate_of
from resolvers.auditing.record import ABSENT, Actor, Changed, Record, Target, changed_fields, told

__all__ = [
    "ABSENT",
    "Actor",
    "Appended",
    "Changed",
    "Record",
    "Target",
    "append",
    "append_apart",
    "changed_fields",
    "command_record",
    "estate_of",
    "told",
]
