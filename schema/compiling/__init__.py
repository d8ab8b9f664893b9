"""From an operation to one statement that answers it: the fast way to run what graphql-core runs field by field.

Whatever cannot be said in one statement, or goes wrong on the way to it, is left to graphql-core whole: it answers the
same, and tells what is wrong.
"""

from schema.compiling.plans import Plans, Reading, Ready
from schema.compiling.refusal import NotCompilable

__all__ = ["NotCompilable", "Plans", "Reading", "Ready"]
