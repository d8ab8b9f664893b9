"""The queries that are counted: every root field of Query, with one step along each edge of what it answers."""

from collections.abc import Iterator

from graphql import GraphQLObjectType, GraphQLSchema

from benchmarks.documents import connection, listed, root_fields, selection
from benchmarks.estate import Estate
from benchmarks.operation import Fill, Operation, Request, Variables
from loaders.entities import BY_NAME, ENTITIES, TENANT, Entity
from resolvers.writing.nouns import NOUNS

LISTS = (
    *("locations", "areas", "devices", "deviceTypes", "organizations"),
    *("tokens", "users", "serviceAccounts", "roles", "roleBindings"),
)
COUNTED = "totalCount pageInfo { hasNextPage endCursor } paging { pages }"
EDGES = "one for the rows, one for each edge"
MIXED = "one for each of six types, one for the areas; the devices' types are among the six"
TREE = """{ tenant { name locations(first: 100) { totalCount nodes { id name areas(first: 5) { totalCount nodes {
  id name devices(first: 5) { totalCount nodes { id serial } } } } } } } }"""
MANY = """{ __typename ... on Node { id } ... on Device { serial type { key } }
  ... on Location { areas(first: 2) { totalCount } } }"""
IMPACT = "query ($id: ID!) { deleteImpact(id: $id) { counts { type count } } }"


def queries(schema: GraphQLSchema) -> Iterator[Operation]:
    """Every root field of Query, and the tree from the tenant down."""
    yield Operation("_service", "Query._service", Request("{ _service { sdl } }"), why="the schema is told from memory")
    yield Operation(
        "me",
        "Query.me",
        Request(f"{{ me {{ {selection(_type(schema, 'Me'))} }} }}"),
        why="the caller's tenant and token",
    )
    yield Operation("tenant", "Query.tenant", Request(f"{{ tenant {{ {selection(_type(schema, 'Tenant'))} }} }}"))
    yield Operation("tenant > locations > areas > devices", "Query.tenant", Request(TREE))
    yield Operation("tenants", "Query.tenants", Request(connection(schema, "tenants", _among_tenants)))
    yield Operation(
        "tenants > devices",
        "Query.tenants",
        Request("{ tenants(first: 100) { nodes { slug devices(first: 2) { totalCount } } } }"),
        why="one for the tenants, one for each tenant gone into",
        grows="no statement reads two tenants (law 1): a page of tenants bounds it",
    )
    for name in LISTS:
        rows = listed(root_fields(schema)[f"Query.{name}"])
        why = "" if rows.name in BY_NAME else f"{EDGES} of {rows.name}: compiled is what an estate has"
        yield Operation(name, f"Query.{name}", Request(connection(schema, name)), why=why)
    shown = selection(_type(schema, "AuditEvent"))
    yield Operation(
        "auditEvents",
        "Query.auditEvents",
        Request(f"{{ auditEvents(first: 100) {{ {COUNTED} nodes {{ {shown} }} }} }}"),
        why="one for the records, one for what they changed",
    )
    yield Operation(
        "verifyAudit",
        "Query.verifyAudit",
        Request(f"{{ verifyAudit {{ {selection(_type(schema, 'AuditVerification'))} }} }}"),
        why="two for each page of 500 records, one for the head, three for the record of it",
    )
    yield Operation(
        "devices, beside what is computed",
        "Query.devices",
        Request(connection(schema, "devices").replace("{", "{ me { kind }", 1)),
        why="one for the rows, one for each edge: graphql-core runs what is not compiled",
    )
    yield Operation(
        "builtInRoles",
        "Query.builtInRoles",
        Request(f"{{ builtInRoles {{ {selection(_type(schema, 'Role'))} }} }}"),
        why="no row is of them",
    )
    yield Operation(
        "verifyToken",
        "Query.verifyToken",
        Request(
            f"query ($text: String!) {{ verifyToken(token: $text) "
            f"{{ {selection(_type(schema, 'TokenVerification'))} }} }}",
            lambda estate, _run: {"text": estate.secret},
        ),
        why="the hash, then the token in its own tenant, its owner, and the lists of that",
    )
    explained = selection(_type(schema, "AccessExplanation"))
    own = f"query ($text: String!) {{ explainAccess(operation: $text) {{ {explained} }} }}"
    anothers = Request(
        f"query ($text: String!, $of: String) {{ explainAccess(operation: $text, token: $of) {{ {explained} }} }}",
        lambda estate, _run: {"text": TREE, "of": estate.secret},
    )
    yield Operation(
        "explainAccess",
        "Query.explainAccess",
        Request(own, lambda _estate, _run: {"text": TREE}),
        why="nothing is looked up for one's own right",
    )
    yield Operation(
        "explainAccess of another token",
        "Query.explainAccess",
        anothers,
        why="the hash, the token in its own tenant, its bearer, and one for the audit",
        before=anothers,
    )
    for entity in ENTITIES:
        shown = selection(_type(schema, entity.name))
        document = f"query ($id: ID!) {{ node(id: $id) {{ ... on {entity.name} {{ {shown} }} }} }}"
        yield Operation(f"node {entity.name}", "Query.node", Request(document, _hub(entity)))
    yield Operation(
        "nodes, of all types", "Query.nodes", Request(f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {MANY} }}", _ids)
    )
    yield Operation(
        "_entities, of all types",
        "Query._entities",
        Request(f"query ($all: [_Any!]!) {{ _entities(representations: $all) {MANY} }}", _representations),
    )
    for noun in NOUNS:
        yield Operation(
            f"deleteImpact {noun.entity.name}",
            "Query.deleteImpact",
            Request(IMPACT, _hub(noun.entity)),
            why="the thing, then one for each kind that can hang on a kind of the level above; five levels at most",
        )


def _type(schema: GraphQLSchema, name: str) -> GraphQLObjectType:
    found = schema.type_map[name]
    assert isinstance(found, GraphQLObjectType), f"{name} is no object type"
    return found


def _among_tenants(_name: str, target: GraphQLObjectType) -> bool:
    return target.name == TENANT.name


def _hub(entity: Entity) -> Fill:
    return lambda estate, _run: {"id": estate.id(entity)}


def _ids(estate: Estate, _run: int) -> Variables:
    return {"ids": [id_ for _, id_ in estate.mixed()]}


def _representations(estate: Estate, _run: int) -> Variables:
    return {"all": [{"__typename": name, "id": id_} for name, id_ in estate.mixed()]}
