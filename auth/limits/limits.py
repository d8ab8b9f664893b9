"""How much a document may ask for: every bound, and its figure where no setting says otherwise."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may hold, and what one operation may come to.

    Fields, aliases and directives are counted with fragments expanded: once for every time a fragment is spread.
    """

    # Of the text.
    tokens: int = 1_000
    comments: int = 1_000
    name_length: int = 200
    # Brackets of every kind in each other; below what graphql-core's recursive parser bears (200).
    nesting: int = 100
    # Of the document.
    operations: int = 10
    directives_at_once: int = 5
    depth: int = 15
    fields: int = 1_000
    aliases: int = 30
    directives: int = 20
    # Of introspection, which has no depth of its own otherwise. Lists of fields, input fields, interfaces and possible
    # types in each other multiply by the size of the schema, and so do aliases; the standard query has neither.
    introspection_lists: int = 1
    introspection_aliases: int = 2
    # Of the answer, from page sizes.
    nodes: int = 10_000
    values: int = 100_000
    entities: int = 100
    page_default: int = 20
    page_most: int = 100
    rows_deep: int = 10_000
