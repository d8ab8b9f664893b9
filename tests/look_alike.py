"""Folders of CSV files that are untidy in the five ways in which real buildings are.

Devices belong to the building and to no room; rooms name no floor; `part_of` names a device on a later line, in
another room; `part_of` names the row's own room; names and codes repeat between buildings.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HEADINGS = {
    "locations": ("code", "name", "city", "country", "timezone"),
    "areas": ("location", "code", "name", "kind", "parent"),
    "devices": ("location", "area", "serial", "name", "type", "part_of"),
}
POINTS = ("Zone_Air_Temperature_Sensor", "Supply_Air_Flow_Sensor", "Zone_Air_Temperature_Setpoint", "Command")


@dataclass(frozen=True)
class LookAlike:
    """Buildings to write; in each room stands a VAV box with four points."""

    buildings: int = 2
    floors: int = 2
    rooms: int = 7

    @property
    def areas(self) -> int:
        """Floors and rooms, in all."""
        return self.buildings * self.floors * (1 + self.rooms)

    @property
    def notes(self) -> int:
        """Rows whose `part_of` is their own room: one in each last room of a floor."""
        return self.buildings * self.floors

    @property
    def devices(self) -> int:
        """Each room's five, those of the notes, and each building's air handler with its fan and a sensor."""
        return self.buildings * self.floors * self.rooms * (1 + len(POINTS)) + self.notes + self.buildings * 3

    def write(self, folder: Path) -> Path:
        """Write the three files, as spreadsheets do: with a byte order mark and CRLF."""
        write_sheet(folder, "locations", self._locations())
        write_sheet(folder, "areas", self._areas())
        write_sheet(folder, "devices", self._devices())
        return folder

    def _locations(self) -> Iterator[tuple[str, ...]]:
        for number in range(1, self.buildings + 1):
            yield f"hall-{number}", f"Hall {number}, “East”", "Oslo", "NO", "Europe/Oslo"

    def _areas(self) -> Iterator[tuple[str, ...]]:
        for hall in self._halls():
            for floor, room in self._rooms():
                # The floor comes after its first room, and the second room names no floor.
                parent = "" if room.endswith("02") else floor
                yield hall, room, f"Room {room[5:]}", "ROOM", parent
                if room.endswith("01"):
                    yield hall, floor, f"Floor {floor[6:]}", "FLOOR", ""

    def _devices(self) -> Iterator[tuple[str, ...]]:
        for hall in self._halls():
            # Of the building and of no room; the fan is in a room, its parent is not.
            yield hall, "room_101", f"{hall}:fan_1", "Supply fan 1", "brick:Supply_Fan", "ahu_1"
            yield hall, "", f"{hall}:fan_speed_1", "Fan speed 1", "brick:Speed_Sensor", "fan_1"
            yield hall, "", f"{hall}:ahu_1", "AHU 1", "brick:AHU", ""
            for floor, room in self._rooms():
                box = f"vav_{room[5:]}"
                for point in POINTS:
                    yield hall, room, f"{hall}:{box}_{point}", f"{box} {point}", f"brick:{point}", box
                yield hall, room, f"{hall}:{box}", f"VAV {room[5:]}", "brick:VAV", "ahu_1"
                if room == f"{floor.replace('floor_', 'room_')}{self.rooms:02}":
                    yield hall, room, f"{hall}:co2_{room}", f"CO2 {room}", "brick:CO2_Sensor", room

    def _halls(self) -> Iterator[str]:
        return (f"hall-{number}" for number in range(1, self.buildings + 1))

    def _rooms(self) -> Iterator[tuple[str, str]]:
        for floor in range(1, self.floors + 1):
            for room in range(1, self.rooms + 1):
                yield f"floor_{floor}", f"room_{floor}{room:02}"


def write_sheet(folder: Path, sheet: str, rows: Iterable[Sequence[str]]) -> None:
    """Write one file, its heading first."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{sheet}.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS[sheet])
        writer.writerows(rows)


def spoil(folder: Path, sheet: str, line: int, column: str, value: str) -> None:
    """Write another value into a column of a line; line 1 is the heading."""
    with (folder / f"{sheet}.csv").open(encoding="utf-8-sig", newline="") as file:
        _heading, *rows = csv.reader(file)
    rows[line - 2][HEADINGS[sheet].index(column)] = value
    write_sheet(folder, sheet, rows)


def line_of(folder: Path, sheet: str, text: str) -> int:
    """The line on which a text stands first."""
    lines = (folder / f"{sheet}.csv").read_text(encoding="utf-8-sig").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)
