"""Whom roles are bound to and whose tokens are: a person or a service account, and the column that names it."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from loaders.entities import SERVICE_ACCOUNT, USER, Entity
from loaders.reach import condition
from models import ids
from models.hierarchy import Reach
from models.ids import Prefix
from resolvers.problems import NotFound, Problem

ENTITIES: dict[Prefix, Entity] = {each.prefix: each for each in (USER, SERVICE_ACCOUNT)}
# In role bindings and in tokens.
COLUMNS: dict[Prefix, str] = {Prefix.USER: "user_id", Prefix.SERVICE_ACCOUNT: "service_account_id"}
NO_ACCOUNT = NotFound("There is no such user or service account in reach.")


@dataclass(frozen=True, slots=True)
class Account:
    """One that an id names, whether or not it is there."""

    entity: Entity
    id: uuid.UUID

    @property
    def columns(self) -> dict[str, uuid.UUID]:
        """The column that names it, in what belongs to it."""
        return {COLUMNS[self.entity.prefix]: self.id}

    def held(self, tenant_id: uuid.UUID, reach: Reach, *columns: Any) -> Select[*tuple[Any, ...]]:
        """These columns of it, if it lives within reach: held against deletion until the commit."""
        table = self.entity.sql
        return (
            select(*columns)
            .where(table.c.tenant_id == tenant_id, table.c.id == self.id, self.entity.living)
            .where(condition(self.entity, tenant_id, reach))
            .with_for_update(read=True, of=table)
        )


def account_of(text: str) -> Account:
    """What an input names. Raises Problem (NotFound) for the id of anything else."""
    named = ids.decode(text)
    entity = ENTITIES.get(named[0]) if named else None
    if named is None or entity is None:
        raise Problem(NO_ACCOUNT)
    return Account(entity, named[1])
