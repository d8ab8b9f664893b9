"""Who signs in has an account: it is made when an issuer's token of theirs is first seen. Each sign-in is recorded."""

from typing import Any

from sqlalchemy import Table, and_, exists, literal_column, or_, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.ports import Signing
from loaders.entities import SERVICE_ACCOUNT, USER, Entity
from loaders.window import Row
from models import AuditAction, ids
from models.base import LIVING
from models.clock import Clock
from models.database import Database
from models.ids import Prefix
from models.principal import IDENTIFIED
from resolvers.auditing.chain import append
from resolvers.auditing.record import Actor, Record, Target, told
from resolvers.recording import action_of


class SigningIn:
    """Implements `auth.ports.SignIns`: the account, that it signed in, and the records of both, in one transaction."""

    def __init__(self, app: Database, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def signed_in(self, signing: Signing) -> None:
        """Of processes that see the same token at once, one records it."""
        entity = USER if signing.prefix is Prefix.USER else SERVICE_ACCOUNT
        async with self._app.write(signing.tenant_id) as connection:
            kept = await self._keep(connection, entity, signing)
            if kept is not None:
                made = kept.pop("made")
                records = _records(entity, signing, kept, made)
                await append(connection, signing.tenant_id, self._clock.now(), records)

    async def _keep(self, connection: AsyncConnection, entity: Entity, signing: Signing) -> Row | None:
        """The account, `made` or written; None where this token, or a newer one, was kept already."""
        table, now = entity.sql, self._clock.now()
        new = {
            "tenant_id": signing.tenant_id,
            "id": self._clock.new_id(),
            "name": await _name(connection, table, signing),
            "issuer": signing.issuer,
            "subject": signing.subject,
            "last_signed_in_at": signing.issued_at,
            "created_at": now,
            "updated_at": now,
        }
        # People are called what their issuer calls them; a program is called what the tenant calls it.
        called = {"name": signing.name} if signing.name and entity is USER else {}
        inserted = postgresql.insert(table).values(new)
        statement = inserted.on_conflict_do_update(
            index_elements=["tenant_id", "issuer", "subject"],
            index_where=and_(literal_column(IDENTIFIED), literal_column(LIVING)),
            set_={"last_signed_in_at": signing.issued_at, **called},
            where=or_(table.c.last_signed_in_at.is_(None), table.c.last_signed_in_at < signing.issued_at),
        ).returning(table, (literal_column("xmax") == 0).label("made"))
        found = (await connection.execute(statement)).mappings().one_or_none()
        return None if found is None else dict(found)


async def _name(connection: AsyncConnection, table: Table, signing: Signing) -> str:
    """What a new account is called: names of service accounts are unique, those of people are not."""
    name = signing.name or signing.subject
    if signing.prefix is Prefix.USER:
        return name
    taken = exists().where(table.c.tenant_id == signing.tenant_id, table.c.name == name, table.c.deleted_at.is_(None))
    return f"{name[:150]} {signing.subject[:40]}" if await connection.scalar(select(taken)) else name


def _records(entity: Entity, signing: Signing, row: Row, made: bool) -> list[Record]:  # noqa: FBT001  (a column)
    account = ids.encode(entity.prefix, row["id"])
    actor = Actor(signing.kind, account, None if entity is USER else row["name"], row["id"])
    address = None if signing.address is None else str(signing.address)

    def record(action: AuditAction, **said: Any) -> Record:
        return Record(actor, action, Target(entity.name, account), changed=told(**said), address=address)

    signed_in = record(AuditAction.SIGN_IN_SUCCEEDED, issuer=signing.issuer, cohorts=list(signing.cohorts))
    if not made:
        return [signed_in]
    identity = {name: row[name] for name in ("name", "issuer", "subject")}
    return [record(action_of("created", entity), **identity), signed_in]
