"""What is measured. Each server is asked in its own words (`dialects/`), and all must answer the same."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One line of the table.

    `devices` is how many an answer shows with their serials. `asks` names the requests, where another case has them
    too. `reference` is the case of the same server that the figure is compared with.
    """

    key: str
    what: str
    devices: int
    connections: int = 8
    asks: str = ""
    reference: str | None = None

    @property
    def asked(self) -> str:
        """The key by which a dialect knows the requests."""
        return self.asks or self.key


CASES = (
    Case(
        "tree", "a tenant's 10 locations with their 50 areas and 1,000 devices of 5 fields each, by connections", 1000
    ),
    Case("point", "a device by its id with its area and its location; 200 devices in turn", 1),
    Case("page", "50 of 1,000 devices, filtered, by name, with the names of area and location, and the total", 50),
    Case("entities", "100 devices by their ids at once, with area and location, as a federation's gateway asks", 100),
    Case("update", "rename a device; the 1,000 devices of one tenant in turn", 0),
    Case("first", "the first 50 of 50,000 devices by name", 50),
    Case("deep", "rows 45,001 to 45,050 of the same list", 50, reference="first"),
    Case("tree10", "10 locations with their 100 areas and 10,000 devices", 10_000, connections=2, reference="tree"),
    Case("tenant", "the 10 devices of one tenant", 10),
    Case("tenants", "the same of 1,000 tenants in turn, each with its own token", 10, reference="tenant"),
    Case("point64", "the point by 64 connections", 1, connections=64, asks="point", reference="point"),
)
BY_KEY = {case.key: case for case in CASES}
