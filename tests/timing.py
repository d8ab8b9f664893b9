"""A sitting of `make bench` as tests need it: figures that were never measured."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from benchmarks.promises.promise import Judgement
from benchmarks.timed.cases import BY_KEY
from benchmarks.timed.page import Sitting
from benchmarks.timed.results import Figure, Results
from benchmarks.timed.rounds import Plan
from benchmarks.timed.seeded import Seeded, Tenant
from benchmarks.timed.targets import TARGETS

FIGURE = Figure(rate=100.0, p50=0.010, p99=0.050, server=0.004, database=0.002)


def figure(rate: float) -> Figure:
    """So many requests a second."""
    return Figure(rate, FIGURE.p50, FIGURE.p99, FIGURE.server, FIGURE.database)


def results(rates: Mapping[tuple[str, str], float], **more: Any) -> Results:
    """Results with these requests per second, by case and server."""
    known = {"sizes": dict.fromkeys(rates, 1000), "grown": dict.fromkeys(rates, 2500), "failed": {}, **more}
    return Results({key: figure(rate) for key, rate in rates.items()}, **known)


def sitting(measured: Results, *cases: str, rights: tuple[Judgement, ...] = (), **missing: str) -> Sitting:
    """A sitting of three rounds that came to this."""
    return Sitting(
        on=date(2026, 3, 1),
        machine="2 cores",
        versions={target.key: f"{target.key} 1.2.3" for target in TARGETS} | {"PostgreSQL": "18.1"},
        plan=Plan([BY_KEY[each] for each in cases], 3, 5, 1),
        targets=TARGETS,
        missing=missing,
        results=measured,
        rights=rights,
    )


def seeded() -> Seeded:
    """Tenants as `benchmarks.timed.seeding` makes them, in no database."""

    def tenant(number: int, devices: int) -> Tenant:
        ids = tuple(uuid.UUID(int=number << 32 | each) for each in range(devices))
        return Tenant(uuid.UUID(int=number), f"token-{number}", ids)

    tenants = {"bench-1": tenant(1, 1000), "bench-2": tenant(2, 1000), "big-1": tenant(3, 10), "small-1": tenant(4, 10)}
    return Seeded(tenants, ("Lift 00000", uuid.UUID(int=9)))
