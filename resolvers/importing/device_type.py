"""What a device type that is known by its key alone is called, and which family it belongs to."""

import re

from models import DeviceKind

# The last of these words in a key decides: a `Damper_Position_Sensor` senses, a `Fan_Speed_Command` acts.
KINDS: dict[DeviceKind, frozenset[str]] = {
    DeviceKind.READER: frozenset({"reader", "keypad", "scanner"}),
    DeviceKind.SENSOR: frozenset({"sensor", "status", "alarm", "meter", "detector", "thermometer", "camera"}),
    DeviceKind.ACTUATOR: frozenset(
        {
            "actuator",
            "command",
            "setpoint",
            "parameter",
            "limit",
            "lock",
            "strike",
            "valve",
            "damper",
            "relay",
            "fan",
            "pump",
            "siren",
        }
    ),
    DeviceKind.CONTROLLER: frozenset({"controller", "ahu", "vav", "thermostat", "panel", "plc"}),
    DeviceKind.GATEWAY: frozenset({"gateway", "hub", "router", "bridge"}),
}
KIND_OF_WORD = {word: kind for kind, words in KINDS.items() for word in words}

NAMESPACE = re.compile(r".*[:/#](?=.)")
BOUNDARY = re.compile(r"[\s_.-]+|(?<=[a-z])(?=[A-Z])")


def name_of_type(key: str) -> str:
    """`brick:CO2_Sensor` reads "CO2 Sensor", `acme-door-reader` "Acme door reader"."""
    name = " ".join(_words(key))
    return name[:1].upper() + name[1:] or key


def kind_of_type(key: str) -> DeviceKind:
    """Guessed by words; OTHER where no word tells."""
    known = [KIND_OF_WORD[word.lower()] for word in _words(key) if word.lower() in KIND_OF_WORD]
    return known[-1] if known else DeviceKind.OTHER


def _words(key: str) -> list[str]:
    return [word for word in BOUNDARY.split(NAMESPACE.sub("", key)) if word]
