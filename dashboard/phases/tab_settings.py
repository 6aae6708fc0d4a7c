"""What a person has set in a tab and the recipe does not know: read from its widgets, and put back.

A tab names such widgets in ``Tab.keeps``, e.g. ``"distribution.measure"``; ``"table:sorted_by"`` names
another parameter than the value. What is put back may be damaged or of another map: what fits is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

_MOST_ITEMS, _MOST_TEXT = 1000, 4000
#: parameters of a widget that say what can be chosen; a person changes none of them
_OFFERS = ("options", "start", "end")


def plain_settings(found: Any, names: Sequence[str]) -> dict[str, Any]:
    """Of what was saved, the settings of these names that are plain values of a usable size."""
    if not isinstance(found, Mapping):
        return {}
    return {name: found[name] for name in names if name in found and _is_plain(found[name])}


def read_settings(tab: Any, names: Sequence[str]) -> dict[str, Any]:
    """Name -> value of the widgets of a built tab; a menu that has nothing to offer yet is left out."""
    settings = {}
    for name in names:
        widget, parameter = _find(tab, name)
        value = getattr(widget, parameter)
        if value is not None and _is_plain(value) and not _has_no_options(widget, parameter):
            settings[name] = list(value) if isinstance(value, tuple) else value
    return settings


class TabSettings:
    """The settings of one built tab: read, put back, and watched for what a person does.

    Parameters
    ----------
    tab : is built
    on_set : is called when a person has set something; at every step of a slider
    """

    def __init__(self, tab: Any, on_set: Callable[[], None]) -> None:
        self._tab, self._on_set = tab, on_set
        self._quiet = False
        self._put: PutSettings | None = None
        for name in tab.keeps:
            widget, parameter = _find(tab, name)
            offers = [offer for offer in _OFFERS if offer in widget.param]
            widget.param.watch(partial(self._changed, parameter), [parameter, *offers])

    def read(self) -> dict[str, Any]:
        """Name -> value, as :func:`read_settings` gives them."""
        return read_settings(self._tab, self._tab.keeps)

    def put(self, settings: Mapping[str, Any]) -> list[str]:
        """Put settings into the widgets, now or when a menu has its options; gives what is not offered."""
        if self._put is not None:
            self._put.give_up()
        self._put = PutSettings(self._tab, settings, self.quietly)
        return self._put.lacking

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """What changes inside was set by nobody: the tab is drawn, or settings are put back."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    def _changed(self, parameter: str, *events: Any) -> None:
        # a menu that gets other options, or a slider other ends, may have to give up its value
        by_itself = any(event.name != parameter for event in events)
        if not self._quiet and not by_itself and any(event.type == "changed" for event in events):
            self._on_set()


class PutSettings:
    """Settings on their way into the widgets of a tab: a menu may get its options later.

    Parameters
    ----------
    tab : is built
    settings : as :func:`plain_settings` gives them
    quietly : is entered while a widget is set
    """

    def __init__(
        self,
        tab: Any,
        settings: Mapping[str, Any],
        quietly: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._tab, self._quietly = tab, quietly
        self._waiting: dict[str, tuple[Any, Any]] = {}  # name -> widget, watcher
        #: what is not offered here, as it was called
        self.lacking: list[str] = []
        for name, value in settings.items():
            widget, parameter = _find(tab, name)
            if not self._put(widget, parameter, value) and hasattr(widget, "options"):
                self._wait(name, widget, parameter, value)

    def give_up(self) -> None:
        """Other settings come, or another map: what was waited for is not wanted any more."""
        for widget, watcher in self._waiting.values():
            widget.param.unwatch(watcher)
        self._waiting.clear()

    def _wait(self, name: str, widget: Any, parameter: str, value: Any) -> None:
        def look_again(*_events: Any) -> None:
            if self._put(widget, parameter, value) and name in self._waiting:
                widget.param.unwatch(self._waiting.pop(name)[1])

        self._waiting[name] = widget, widget.param.watch(look_again, "options")

    def _put(self, widget: Any, parameter: str, value: Any) -> bool:
        with self._quietly():
            return self._set(widget, parameter, value)

    def _set(self, widget: Any, parameter: str, value: Any) -> bool:
        """Set a value as far as the widget takes it; False where it is not offered, or not yet."""
        present = getattr(widget, parameter)
        if parameter == "value" and hasattr(widget, "options"):
            offered = list(widget.options.values() if isinstance(widget.options, dict) else widget.options)
            if isinstance(present, list):
                wanted = value if isinstance(value, list) else []
                self.lacking = [str(one) for one in wanted if one not in offered]
                widget.value = [one for one in wanted if one in offered]
                return bool(widget.value) or not wanted
            if value not in offered:
                return False
        else:
            value = _fitting(widget, present, value)
        if value is not None and value != present:
            setattr(widget, parameter, value)
        return True


def _fitting(widget: Any, present: Any, value: Any) -> Any:
    """The value in the kind and the bounds of a widget without options; None where it is of another kind."""
    start, end = (getattr(widget, bound, None) for bound in ("start", "end"))

    def within(number: Any) -> Any:
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            return None
        number = number if start is None else max(number, start)
        return number if end is None else min(number, end)

    if isinstance(present, bool) or isinstance(value, bool):
        return value if isinstance(present, bool) and isinstance(value, bool) else None
    if isinstance(present, str):
        return value if isinstance(value, str) else None
    if isinstance(present, tuple):
        ends = [within(one) for one in value] if isinstance(value, list) and len(value) == 2 else [None]
        return None if None in ends or ends[0] > ends[1] else tuple(ends)
    number = within(value)
    return int(number) if number is not None and isinstance(present, int) else number


def _find(tab: Any, name: str) -> tuple[Any, str]:
    path, _, parameter = name.partition(":")
    for part in path.split("."):
        tab = tab[int(part)] if part.isdecimal() else getattr(tab, part)
    return tab, parameter or "value"


def _has_no_options(widget: Any, parameter: str) -> bool:
    return parameter == "value" and hasattr(widget, "options") and not any(widget.options)


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= _MOST_ITEMS and all(
            _is_plain(one) and not isinstance(one, list | tuple) for one in value
        )
    if isinstance(value, str):
        return len(value) <= _MOST_TEXT
    return isinstance(value, bool | int | float) and math.isfinite(value)
