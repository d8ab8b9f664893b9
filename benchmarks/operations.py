"""The list of what is counted, and what it lacks."""

from graphql import GraphQLSchema

from benchmarks.documents import root_fields
from benchmarks.mutations import mutations
from benchmarks.operation import Operation
from benchmarks.queries import queries
from benchmarks.subscriptions import exports, subscriptions

# Where an operation of each root type is declared.
WHERE = {
    "Query": "benchmarks/queries.py",
    "Mutation": "LINES in benchmarks/mutations.py",
    "Subscription": "benchmarks/subscriptions.py",
}


def operations(schema: GraphQLSchema) -> list[Operation]:
    """Every operation, in the order in which they run."""
    return [*queries(schema), *exports(), *mutations(schema), *subscriptions()]


def uncounted(schema: GraphQLSchema, counted: list[Operation]) -> list[str]:
    """A sentence for each root field of the schema that no operation counts."""
    covered = {operation.field for operation in counted}
    return [
        f"{field} has no operation: add one to {WHERE[field.partition('.')[0]]}, then make bench-counts ARGS=--write"
        for field in root_fields(schema)
        if field not in covered
    ]
