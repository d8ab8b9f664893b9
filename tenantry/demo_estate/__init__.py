"""The demonstration estate: a partner and three customers, whose buildings look like somebody's."""

from tenantry.demo_estate.filling import ACTOR, DemoEstate, fill_demo

__all__ = ["ACTOR", "DemoEstate", "fill_demo"]
