"""The composition root: settings, the application, the command line and the embedded database.

In a checkout the rooms (models, loaders, auth ...) are folders beside this one. An installed wheel carries
them inside this package, in `rooms/`, so that it adds one top-level name to site-packages; that folder goes
first on the path, or another distribution's `schema` would be imported in place of ours.
"""

import sys
from pathlib import Path

__version__ = "0.1.0"

_rooms = Path(__file__).parent / "rooms"
if _rooms.is_dir() and str(_rooms) not in sys.path:
    sys.path.insert(0, str(_rooms))
