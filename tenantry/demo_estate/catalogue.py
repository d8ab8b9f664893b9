"""The twelve device types of the demonstration: what they cost, which firmware they run, what they report."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from models import DeviceKind

# What a device of the type reports and what it was told, made up.
Values = Callable[[Random], dict[str, Any]]


def _nothing(_random: Random) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Type:
    """A device type; `serial` begins its devices' serials, `called` is what one is called in its place."""

    key: str
    name: str
    kind: DeviceKind
    manufacturer: str
    model: str
    serial: str
    called: str
    price: int
    firmware: tuple[str, ...]
    labels: tuple[str, ...]
    reported: Values
    desired: Values = _nothing
    commands: tuple[dict[str, Any], ...] = ()
    properties: dict[str, Any] = field(default_factory=dict)


def _number(unit: str) -> dict[str, str]:
    return {"type": "number", "unit": unit}


IDENTIFY = {"name": "identify", "arguments": {"seconds": {"type": "integer", "minimum": 1, "maximum": 60}}}
RESTART: dict[str, Any] = {"name": "restart", "arguments": {}}
UNLOCK = {"name": "unlock", "arguments": {"seconds": {"type": "integer", "minimum": 1, "maximum": 30}}}
SET_POINT = {"name": "setTemperature", "arguments": {"celsius": {"type": "number", "minimum": 12, "maximum": 28}}}

GATEWAY = Type(
    "kallio-eg40", "Edge gateway", DeviceKind.GATEWAY, "Kallio", "EG-40", "EG", "gateway", 890,
    ("4.2.1", "4.2.0", "4.1.7"), ("network", "critical"),
    lambda random: {"uptimeHours": random.randint(4, 4000), "load": round(random.uniform(0.05, 0.7), 2)},
    lambda _random: {"channel": "stable"},
    commands=(IDENTIFY, RESTART), properties={"uptimeHours": _number("h"), "load": _number("")},
)  # fmt: skip
DOOR_CONTROLLER = Type(
    "brandt-dc2", "Door controller", DeviceKind.CONTROLLER, "Brandt & Voss", "DC-2", "DC", "door controller", 410,
    ("3.8.0", "3.7.2"), ("access",),
    lambda random: {"mode": "card", "supplyVolts": round(random.uniform(23.4, 24.3), 1)},
    lambda _random: {"mode": "card"},
    commands=(UNLOCK, RESTART), properties={"mode": {"type": "string"}, "supplyVolts": _number("V")},
)  # fmt: skip
ROOM_CONTROLLER = Type(
    "lumio-rc10", "Room controller", DeviceKind.CONTROLLER, "Lumio", "RC-10", "RC", "room controller", 265,
    ("2.5.3", "2.5.1", "2.4.9"), ("hvac",),
    lambda random: {"setpoint": round(random.uniform(19.5, 22.5) * 2) / 2, "valve": random.randint(0, 100)},
    lambda random: {"setpoint": random.choice((20.5, 21.0, 21.5))},
    commands=(SET_POINT, RESTART), properties={"setpoint": _number("°C"), "valve": _number("%")},
)  # fmt: skip
CARD_READER = Type(
    "brandt-r5", "Card reader", DeviceKind.READER, "Brandt & Voss", "R5", "CR", "card reader", 180,
    ("1.14.0", "1.13.6"), ("access",),
    lambda random: {"readsToday": random.randint(0, 600), "tamper": False},
    lambda _random: {"beep": True, "technology": "desfire-ev3"},
    commands=(IDENTIFY,), properties={"readsToday": _number(""), "tamper": {"type": "boolean"}},
)  # fmt: skip
KEYPAD_READER = Type(
    "brandt-r5k", "Keypad reader", DeviceKind.READER, "Brandt & Voss", "R5-K", "KR", "keypad reader", 235,
    ("1.14.0", "1.12.2"), ("access",),
    lambda random: {"readsToday": random.randint(0, 120), "tamper": random.random() < 0.01},
    lambda _random: {"beep": True, "pinLength": 6},
    commands=(IDENTIFY,), properties={"readsToday": _number(""), "tamper": {"type": "boolean"}},
)  # fmt: skip
LOCK = Type(
    "orrin-el7", "Electric lock", DeviceKind.ACTUATOR, "Orrin", "EL-7", "EL", "lock", 320,
    ("1.2.0",), ("access",),
    lambda random: {"locked": random.random() < 0.95, "cycles": random.randint(900, 180_000)},
    lambda _random: {"locked": True},
    commands=(UNLOCK,), properties={"locked": {"type": "boolean"}, "cycles": _number("")},
)  # fmt: skip
DOOR_CONTACT = Type(
    "orrin-dc1", "Door contact", DeviceKind.SENSOR, "Orrin", "DC-1", "DS", "door contact", 38,
    ("1.0.4",), ("access",),
    lambda random: {"open": random.random() < 0.06, "battery": random.randint(31, 100)},
    properties={"open": {"type": "boolean"}, "battery": _number("%")},
)  # fmt: skip
THERMOMETER = Type(
    "lumio-t1", "Temperature sensor", DeviceKind.SENSOR, "Lumio", "T1", "TS", "temperature", 54,
    ("1.9.2", "1.9.0", "1.8.5"), ("hvac", "climate"),
    lambda random: {"temperature": round(random.gauss(21.4, 1.1), 1), "battery": random.randint(22, 100)},
    lambda _random: {"intervalSeconds": 300},
    properties={"temperature": _number("°C"), "battery": _number("%")},
)  # fmt: skip
AIR_SENSOR = Type(
    "lumio-aq3", "Air quality sensor", DeviceKind.SENSOR, "Lumio", "AQ3", "AQ", "air quality", 149,
    ("2.1.0", "2.0.8"), ("hvac", "climate"),
    lambda random: {"co2": int(random.triangular(420, 1450, 560)), "humidity": random.randint(28, 58)},
    lambda _random: {"intervalSeconds": 300},
    properties={"co2": _number("ppm"), "humidity": _number("%")},
)  # fmt: skip
OCCUPANCY_SENSOR = Type(
    "kallio-oc2", "Occupancy sensor", DeviceKind.SENSOR, "Kallio", "OC-2", "OS", "occupancy", 72,
    ("1.6.1", "1.6.0"), ("occupancy",),
    lambda random: {"occupied": random.random() < 0.4, "lux": random.randint(20, 720)},
    properties={"occupied": {"type": "boolean"}, "lux": _number("lx")},
)  # fmt: skip
METER = Type(
    "orrin-em3", "Energy meter", DeviceKind.SENSOR, "Orrin", "EM-3", "EM", "energy meter", 128,
    ("5.0.2", "5.0.1"), ("energy",),
    lambda random: {"kilowatts": round(random.uniform(0.2, 18), 2), "kilowattHours": random.randint(900, 90_000)},
    commands=(RESTART,), properties={"kilowatts": _number("kW"), "kilowattHours": _number("kWh")},
)  # fmt: skip
PANEL = Type(
    "kallio-rp8", "Room panel", DeviceKind.OTHER, "Kallio", "RP-8", "RP", "room panel", 480,
    ("7.3.0", "7.2.4"), ("occupancy", "display"),
    lambda random: {"brightness": random.randint(30, 90), "page": random.choice(("free", "busy", "soon"))},
    lambda _random: {"brightness": 70},
    commands=(IDENTIFY, RESTART), properties={"brightness": _number("%"), "page": {"type": "string"}},
)  # fmt: skip

TYPES = (
    GATEWAY, DOOR_CONTROLLER, ROOM_CONTROLLER, CARD_READER, KEYPAD_READER, LOCK, DOOR_CONTACT, THERMOMETER,
    AIR_SENSOR, OCCUPANCY_SENSOR, METER, PANEL,
)  # fmt: skip
# What rooms are filled with, in turn, beneath their controllers.
ROOM_TYPES = (THERMOMETER, OCCUPANCY_SENSOR, AIR_SENSOR, THERMOMETER, METER, PANEL)
