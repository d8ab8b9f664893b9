"""What verifying a tenant's audit comes to."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.field import field


@strawberry.federation.type(description="The first thing that is wrong with a chain.")
class AuditFault:
    """The first bad record, and why."""

    number: strawberry.ID | None = field("The record's number; null where it is none of a record's.")
    what: str = field("What is wrong with it.")


@strawberry.federation.type(description="A signed statement of where a chain stood, kept outside of the database.")
class AuditCheckpoint:
    """A signed statement of where a chain stood."""

    number: strawberry.ID = field("The record that the chain had come to.")
    hash: str = field("That record's hash, in hexadecimal.")
    at: datetime = field("When it was signed.")
    key_id: str = field("The key that signed it, as /.well-known/tenantry-keys.json names it.")


@strawberry.federation.type(description="What verifying a tenant's chain came to.")
class AuditVerification:
    """Whether it holds, and how much was looked at."""

    ok: bool = field("Whether nothing is wrong, to the end of the chain.")
    complete: bool = field(
        "Whether the chain was followed to its end, or to its fault. Where it is longer than one request follows, go "
        "on with `afterNumber: lastNumber`, or run `tenantry audit verify`."
    )
    records: int = field("How many records were followed.")
    erased: int = field("How many of their values were erased, which is no fault.")
    last_number: strawberry.ID = field("The last record that is as it was written; 0 where there is none.")
    fault: AuditFault | None = field("The first thing that is wrong; null where nothing was found.")
    last_checkpoint: AuditCheckpoint | None = field(
        "The newest checkpoint that this server keeps of the chain; without any, a cut tail whose head was mended, or "
        "a chain made anew, is not found."
    )
