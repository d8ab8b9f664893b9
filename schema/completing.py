"""graphql-core's executor, for answers of which a part is JSON already."""

from typing import Any

import orjson
from graphql import Executor


class Completing(Executor[Any]):
    """Takes what a statement wrote as it is: a mutation's payload, whose type is a union."""

    def complete_abstract_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, *position: Any
    ) -> Any:
        """As graphql-core completes it, unless it is complete."""
        if isinstance(result, orjson.Fragment):
            return result
        return super().complete_abstract_value(return_type, field_details_list, info, path, result, *position)
