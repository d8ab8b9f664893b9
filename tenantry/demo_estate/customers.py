"""Whose estates they are: a partner, three customers of its, and two sites of each."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Site:
    """A location; `devices` is how many it has, `organization` the key of the one that runs it."""

    code: str
    name: str
    address: str
    city: str
    country: str
    time_zone: str
    latitude: float
    longitude: float
    devices: int
    rooms: tuple[str, ...]
    organization: str | None = None


@dataclass(frozen=True)
class Customer:
    """A tenant; `organizations` are (key, name, key of the one above), those above first."""

    slug: str
    name: str
    fields: dict[str, Any]
    sites: tuple[Site, ...] = ()
    organizations: tuple[tuple[str, str, str | None], ...] = ()


PARTNER = Customer(
    "nordlys",
    "Nordlys Facility Partners",
    {
        "email": "desk@nordlys.example",
        "phone_office": "+47 22 00 18 40",
        "address_line1": "Dronning Eufemias gate 11",
        "postal_code": "0191",
        "city": "Oslo",
        "country": "NO",
        "organization_name": "Nordlys Facility Partners AS",
        "organization_number": "918 274 551",
        "currency": "NOK",
        "accent_color": "#1f6f8b",
    },
)

OFFICE = (
    "Reception", "Boardroom", "Meeting room Bryggen", "Meeting room Lofoten", "Meeting room Svalbard",
    "Open office north", "Open office south", "Canteen", "Print room", "Server room", "Archive", "Gym",
)  # fmt: skip
CLINIC = (
    "Reception", "Waiting room", "Consulting room 1", "Consulting room 2", "Imaging suite", "Recovery ward",
    "Operating theatre", "Pharmacy", "Laboratory", "Server room", "Staff room", "Linen store",
)  # fmt: skip
WAREHOUSE = (
    "Gatehouse", "Dispatch office", "Picking hall A", "Picking hall B", "Cold store", "Packing line 1",
    "Packing line 2", "Returns", "Battery charging", "Server room", "Canteen", "Drivers' lounge",
)  # fmt: skip

CUSTOMERS = (
    Customer(
        "harbourside",
        "Harbourside Offices",
        {
            "email": "facilities@harbourside.example",
            "address_line1": "Bradbenken 2",
            "postal_code": "5003",
            "city": "Bergen",
            "country": "NO",
            "organization_name": "Harbourside Offices AS",
            "organization_number": "921 660 138",
            "currency": "EUR",
            "accent_color": "#0b5fa5",
        },
        (
            Site("bergen", "Tollboden", "Bradbenken 2", "Bergen", "NO", "Europe/Oslo",
                 60.3990, 5.3180, 420, OFFICE),
            Site("rotterdam", "Maaskade", "Wilhelminakade 901", "Rotterdam", "NL", "Europe/Amsterdam",
                 51.9059, 4.4867, 310, OFFICE),
        ),
    ),
    Customer(
        "aurora-medical",
        "Aurora Medical Group",
        {
            "email": "estates@aurora-medical.example",
            "address_line1": "420 Chicago Avenue",
            "postal_code": "MN 55415",
            "city": "Minneapolis",
            "state": "Minnesota",
            "country": "US",
            "organization_name": "Aurora Medical Group, Inc.",
            "currency": "USD",
            "accent_color": "#7a3e9d",
        },
        (
            Site("minneapolis", "Riverside Hospital", "420 Chicago Avenue", "Minneapolis", "US",
                 "America/Chicago", 44.9719, -93.2620, 380, CLINIC, "riverside"),
            Site("toronto", "Lakeshore Clinic", "88 Queens Quay West", "Toronto", "CA", "America/Toronto",
                 43.6408, -79.3772, 290, CLINIC, "lakeshore"),
        ),
        (
            ("hospitals", "Hospitals", None),
            ("clinics", "Clinics", None),
            ("riverside", "Riverside Hospital", "hospitals"),
            ("lakeshore", "Lakeshore Clinic", "clinics"),
        ),
    ),
    Customer(
        "kestrel",
        "Kestrel Logistics",
        {
            "email": "technik@kestrel.example",
            "address_line1": "Poststraße 20",
            "postal_code": "04158",
            "city": "Leipzig",
            "country": "DE",
            "organization_name": "Kestrel Logistics GmbH",
            "vat_number": "DE 301 442 975",
            "currency": "EUR",
            "accent_color": "#b5541c",
        },
        (
            Site("leipzig", "Hub Leipzig", "Poststraße 20", "Leipzig", "DE", "Europe/Berlin",
                 51.3974, 12.3731, 340, WAREHOUSE),
            Site("lyon", "Plateforme Lyon-Est", "12 rue de Genève", "Saint-Priest", "FR", "Europe/Paris",
                 45.6967, 4.9440, 260, WAREHOUSE),
        ),
    ),
)  # fmt: skip
