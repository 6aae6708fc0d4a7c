"""What the dialog "Files" asks: the list of the data folder with facts, and a dataset to open.

The files themselves come by the routes of ``dashboard.endpoints``, not through the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dashboard.files.thumbnails import Thumbnails
from dashboard.library import Library
from dashboard.live import LatestWins
from dashboard.phases.state import PhasesState
from dashboard.sessions.front import Front, text_of
from dashboard.sessions.thumbnail import Picture
from dashboard.sessions.words import image_address
from data.catalogue import DEMO_ID, Catalogue

#: a longer list is cut: the rest is found by opening a part of the folder as data folder
MOST_ROWS = 3000
#: so many small pictures travel with a list
_MOST_PICTURES = 300


class FileBrowser:
    """Answers the dialog "Files" of one visit.

    Parameters
    ----------
    catalogue, library : what lies in the data folder, and the versions of it
    thumbnails : small pictures
    state : which dataset is open
    front : the dialog
    open_entry : opens a dataset by its id
    found : is called when the list was read again
    schedule : calls a function soon on the thread of the page
    tell : shows a message: (text, "error" | "warning" | "info")
    """

    def __init__(
        self,
        catalogue: Catalogue,
        library: Library,
        thumbnails: Thumbnails,
        state: PhasesState,
        front: Front,
        open_entry: Callable[[str], None],
        found: Callable[[], None],
        schedule: Callable[[Callable[[], None]], None],
        tell: Callable[[str, str], None],
    ) -> None:
        self._catalogue, self._library, self._thumbnails = catalogue, library, thumbnails
        self._state, self._front, self._open_entry, self._found = state, front, open_entry, found
        self._schedule = schedule
        self._lists = LatestWins(self._rows, self._show, lambda text: tell(text, "warning"), schedule)
        self._pictures = LatestWins(self._keep_picture, lambda _none: None, lambda _text: None, schedule)
        self.actions: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "files": lambda _message: self._lists.request(),
            "open_file": self._open,
        }
        state.param.watch(self._opened, "dataset")

    def _rows(self) -> tuple[list[dict[str, Any]], int]:
        """In a thread: the first rows, and how many datasets there are."""
        entries = self._catalogue.entries()
        rows = []
        for number, entry in enumerate(entries[:MOST_ROWS]):
            picture = b""
            if number < _MOST_PICTURES:
                picture = self._thumbnails.read(entry.id, self._library.version(entry.id))
            rows.append(
                {
                    "id": entry.id,
                    "name": entry.name,
                    "kind": entry.description,
                    "size": entry.size_bytes,
                    "modified": entry.modified,
                    "thumbnail": image_address(picture),
                    "demo": entry.id == DEMO_ID,
                }
            )
        return rows, len(entries)

    def _show(self, found: tuple[list[dict[str, Any]], int]) -> None:
        rows, n_entries = found
        folder = self._catalogue.folder
        self._front.send(
            {
                "kind": "files",
                "rows": rows,
                "left_out": n_entries - len(rows),
                "folder": "" if folder is None else folder.name,
                "present": self._state.entry_id,
            }
        )
        self._found()

    def _open(self, message: Mapping[str, Any]) -> None:
        entry_id = text_of(message, "id", 4000)
        if entry_id:
            # a map in memory is shown at once: all that this changes is sent together
            self._schedule(lambda: self._open_entry(entry_id))

    def _opened(self, *_events: Any) -> None:
        """A dataset is on the table: the next list has a picture of it."""
        prepared, entry_id = self._state.prepared, self._state.entry_id
        if prepared is not None and entry_id:
            picture = Picture(prepared.intensity, prepared.maps.shape, None, (), 0.0)
            self._pictures.request(entry_id, picture)

    def _keep_picture(self, entry_id: str, picture: Picture) -> None:
        self._thumbnails.keep(entry_id, self._library.version(entry_id), picture)
