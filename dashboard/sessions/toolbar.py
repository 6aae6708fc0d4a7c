"""The buttons of sessions in the head of the page, and the bar above the figures that says what is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import param

from dashboard.messages import MessageComponent

_HERE = Path(__file__).parent
#: everything that the dialogs need, fetched by the first of them
_DIALOG_FILES = (
    "dialogs.js", "save_dialog.js", "open_dialog.js", "share_dialog.js", "../files/upload.js",
    "../files/files_dialog.js",
)  # fmt: skip


class SessionToolbar(MessageComponent):
    """Four buttons, the name of the session, how many people look at the same, and who is signed in."""

    name_shown = param.String(default="", doc="name of the session on show; empty where it was never saved")
    changed = param.Boolean(default=False, doc="has it changed since?")
    people = param.Integer(default=1, doc="people that look at the same, this one included")
    user = param.String(default="", doc="name of the account; empty on a server without accounts")
    where = param.Dict(default={}, doc="search: of the address bar; place: another one can be gone back from")

    _esm: ClassVar[str] = (_HERE / "toolbar.js").read_text(encoding="utf-8")
    _stylesheets: ClassVar[list[str]] = [(_HERE / "toolbar.css").read_text(encoding="utf-8")]

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.on_message: Callable[[Any], None] = lambda _message: None

    def received(self, message: Any) -> None:
        """A click, or what was typed into a dialog."""
        if isinstance(message, Mapping) and message.get("what") == "code":
            self.send({"kind": "code", "code": dialog_code(), "style": dialog_style()})
        else:
            self.on_message(message)

    def send(self, message: Mapping[str, Any]) -> None:
        """Tell the dialogs something."""
        self._send_msg(dict(message))


class SessionBar(MessageComponent):
    """A line above the figures: whose session this is, what is missing, or a draft to go on with.

    Below it stands another one for a job that was interrupted.
    """

    bar = param.Dict(default={}, doc="see dashboard.sessions.words.bar; empty shows nothing")
    job = param.Dict(default={}, doc="of a job that was interrupted, a line of its own; as bar")

    _esm: ClassVar[str] = (_HERE / "bar.js").read_text(encoding="utf-8")
    _stylesheets: ClassVar[list[str]] = [(_HERE / "bar.css").read_text(encoding="utf-8")]

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.on_message: Callable[[Any], None] = lambda _message: None

    def received(self, message: Any) -> None:
        """A button of the bar."""
        self.on_message(message)


class SessionFront:
    """What a visit shows of its session, see :class:`dashboard.sessions.visit.Front`."""

    def __init__(self) -> None:
        self.toolbar = SessionToolbar(height=34, margin=(6, 0))
        self.bar = SessionBar(sizing_mode="stretch_width", margin=0)

    def on_message(self, handle: Callable[[Any], None]) -> None:
        """Who gets the messages of the page."""

        def of_bar(message: Any) -> None:
            if isinstance(message, Mapping) and message.get("what") == "copy":
                self.toolbar.send({"kind": "ask_save"})
            else:
                handle(message)

        self.toolbar.on_message, self.bar.on_message = handle, of_bar

    def show(self, **shown: Any) -> None:
        """Show values: name, changed, people, user, where, bar, job."""
        lines = {name: shown.pop(name) for name in ("bar", "job") if name in shown}
        if changed := {name: line for name, line in lines.items() if line != getattr(self.bar, name)}:
            self.bar.param.update(**changed)
        if "name" in shown:
            shown["name_shown"] = shown.pop("name")
        news = {name: value for name, value in shown.items() if value != getattr(self.toolbar, name)}
        if news:
            self.toolbar.param.update(**news)

    def send(self, message: Mapping[str, Any]) -> None:
        """Tell the dialogs something."""
        self.toolbar.send(message)


def dialog_code() -> str:
    """The dialogs as one module."""
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in _DIALOG_FILES)


def dialog_style() -> str:
    """How they look."""
    return (_HERE / "dialogs.css").read_text(encoding="utf-8")
