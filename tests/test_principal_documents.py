"""What docs/principals.md says is so: its roles are ours, and its requests are answered one after the other."""

import re
from itertools import groupby
from pathlib import Path

from auth.roles import ALL, BUILT_IN, TENANT, BuiltInRole
from auth.scopes import Scope
from models.ids import Prefix, encode
from resolvers.writing.principals.bind import MOST_BINDINGS
from resolvers.writing.principals.nouns import MOST_ROLES
from tests.ask import Ask
from tests.changing import EVERYTHING
from tests.estate import Estate
from tests.principal_changes import MATRIX, READ, WRITE

PAGE = Path(__file__).parent.parent / "docs" / "principals.md"
WHOLE = {ALL: "everything", TENANT: "everything in a tenant: all of `tenant.*`"}


def roles_table() -> str:
    """Each role with its id."""
    rows = [f"| `{encode(Prefix.ROLE, role.id)}` | `{role.key}` | {told(role)} |" for role in BUILT_IN]
    return "\n".join(["| id | key | |", "|---|---|---|", *rows])


def told(role: BuiltInRole) -> str:
    """What a role is for."""
    return f"{role.name}. {role.description}{' Of the platform alone.' if role.operators else ''}"


def scopes_table() -> str:
    """What each role gives; those that give the same are told together."""
    order = sorted(BUILT_IN, key=lambda role: sorted(role.scopes))
    alike = [list(found) for _, found in groupby(order, key=lambda role: sorted(role.scopes))]
    alike.sort(key=lambda found: BUILT_IN.index(found[0]))
    rows = [f"| {', '.join(f'`{role.key}`' for role in found)} | {given(found[0].scopes)} |" for found in alike]
    return "\n".join(["| roles | what they give |", "|---|---|", *rows])


def given(scopes: frozenset[Scope]) -> str:
    """Scopes, those of a tenant by their verbs."""
    if scopes in WHOLE:
        return WHOLE[scopes]
    within = sorted((scope.rpartition(".")[2], scope.split(".", 1)[1].rpartition(".")[0]) for scope in scopes & TENANT)
    verbs = [
        f"{verb}: {', '.join(resource for _, resource in found)}"
        for verb, found in groupby(within, lambda each: each[0])
    ]
    return "; ".join([*verbs, *(f"`{scope}`" for scope in sorted(scopes - TENANT))])


def test_the_page_lists_the_roles_that_every_tenant_has() -> None:
    """Their ids are for ever; what is printed when this fails is what belongs there."""
    page = PAGE.read_text()
    assert roles_table() in page, roles_table()
    assert scopes_table() in page, scopes_table()


def test_the_page_names_every_field_with_what_it_asks_for() -> None:
    """A field that is added is added there."""
    page = PAGE.read_text()
    for field in MATRIX:
        assert f"`{field}`" in page, field
    for scope in {*READ.values(), *WRITE.values()}:
        assert f"`{scope}`" in page, scope
    assert f"{MOST_BINDINGS} roles" in page
    assert f"{MOST_ROLES} roles of its own" in page


async def test_the_requests_of_the_page_are_answered(ask: Ask, acme: Estate) -> None:
    """In their order, each with what the ones before it gave."""
    found = re.findall(r"```graphql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    known = {"building": acme.ids["Location"]}
    for request, gives in zip(found, ("ada", None, "lobby", None, None), strict=True):
        asked = set(re.findall(r"\$(\w+):", request))
        outcome = await ask(acme, request, *EVERYTHING, **{name: known[name] for name in asked})
        assert outcome.errors == [], request
        [answered] = outcome.data.values()
        assert answered.get("id") or answered.get("secret"), (request, answered)
        if gives is not None:
            known[gives] = answered["id"]
