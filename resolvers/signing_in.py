"""Who signs in has an account: it is made when an issuer's token of theirs is first seen. Each sign-in is recorded."""

import uuid
from functools import partial
from typing import Any

from sqlalchemy import and_, literal_column, or_
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError

from auth.ports import Signing
from loaders.entities import SERVICE_ACCOUNT, USER, Entity
from loaders.window import Row
from models import AuditAction, ids
from models.base import LIVING
from models.clock import Clock
from models.database import Database
from models.ids import Prefix
from models.principal import IDENTIFIED
from resolvers.auditing.chain import again_if_overtaken, append
from resolvers.auditing.record import Actor, Record, Target, told
from resolvers.names import LONGEST_NAME
from resolvers.recording import action_of


class SigningIn:
    """Implements `auth.ports.SignIns`: the account, that it signed in, and the records of both, in one transaction."""

    def __init__(self, app: Database, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def signed_in(self, signing: Signing) -> None:
        """Of processes that see the same token at once, one records it. Who is disabled does not sign in."""
        account_id, name = self._clock.new_id(), (signing.name or signing.subject)[:LONGEST_NAME]
        try:
            await again_if_overtaken(partial(self._keep, signing, account_id, name))
        except IntegrityError:
            # Names of programs are unique, and whoever has one first keeps it; an id is nobody else's.
            await again_if_overtaken(partial(self._keep, signing, account_id, f"{name[:150]} {account_id}"))

    async def _keep(self, signing: Signing, account_id: uuid.UUID, name: str) -> None:
        entity = USER if signing.prefix is Prefix.USER else SERVICE_ACCOUNT
        now = self._clock.now()
        new = {
            "tenant_id": signing.tenant_id,
            "id": account_id,
            "name": name,
            "issuer": signing.issuer,
            "subject": signing.subject,
            "last_signed_in_at": signing.issued_at,
            "created_at": now,
            "updated_at": now,
        }
        async with self._app.write(signing.tenant_id) as connection:
            row = (await connection.execute(_kept(entity, signing, new))).mappings().one_or_none()
            if row is not None:
                await append(connection, signing.tenant_id, now, _records(entity, signing, dict(row)))


def _kept(entity: Entity, signing: Signing, new: Row) -> Any:
    """A statement that makes the account or writes it, and says which: none where this token was kept already."""
    table = entity.sql
    # People are called what their issuer calls them; a program is called what the tenant calls it.
    called = {"name": signing.name} if signing.name and entity is USER else {}
    last = table.c.last_signed_in_at
    return (
        postgresql.insert(table)
        .values(new)
        .on_conflict_do_update(
            index_elements=["tenant_id", "issuer", "subject"],
            index_where=and_(literal_column(IDENTIFIED), literal_column(LIVING)),
            set_={"last_signed_in_at": signing.issued_at, **called},
            where=and_(table.c.disabled_at.is_(None), or_(last.is_(None), last < signing.issued_at)),
        )
        .returning(table, (literal_column("xmax") == 0).label("made"))
    )


def _records(entity: Entity, signing: Signing, row: Row) -> list[Record]:
    account = ids.encode(entity.prefix, row["id"])
    actor = Actor(signing.kind, account, None if entity is USER else row["name"], row["id"])
    address = None if signing.address is None else str(signing.address)

    def record(action: AuditAction, **said: Any) -> Record:
        return Record(actor, action, Target(entity.name, account), changed=told(**said), address=address)

    signed_in = record(AuditAction.SIGN_IN_SUCCEEDED, issuer=signing.issuer, cohorts=list(signing.cohorts))
    if not row["made"]:
        return [signed_in]
    identity = {name: row[name] for name in ("name", "issuer", "subject")}
    return [record(action_of("created", entity), **identity), signed_in]
