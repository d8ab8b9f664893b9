"""The bounds on GraphQL documents: what a stranger may cost us before anything is looked up.

Every check is linear in the document. `parse_bounded` and `check_document` run before validation, so they take
documents that do not fit the schema; `node_cost` runs after it, with the request's variables.
"""

from auth.limits.document import check_document
from auth.limits.limits import Limits
from auth.limits.nodes import IsConnection, node_cost
from auth.limits.parse import parse_bounded, without_ignored

__all__ = ["IsConnection", "Limits", "check_document", "node_cost", "parse_bounded", "without_ignored"]
