"""A page without a browser: speaks Bokeh's protocol over a real websocket, as the page of a person does.

Some dozens of browsers do not fit on the machine that is measured; what they say to the server does. A client
fetches the page, opens its websocket, takes the document, tells the sizes of the figures and that the page is
ready, and acknowledges what was drawn after the time that a browser needs for it.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

_TOKEN = re.compile(r'"token":\s*"([^"]+)"')
_PAINTING_S = 0.1  # what headless Chromium takes for the phase map, the latent space and the spectra
_SIZE = {"inner_width": 333, "inner_height": 328, "outer_width": 367, "outer_height": 336}


class PageClient:
    """One open page.

    Attributes
    ----------
    errors : what the server refused, and whatever ended the connection
    """

    def __init__(self) -> None:
        self.errors: list[str] = []
        self._attributes: dict[str, dict[str, Any]] = {}  # by the id of a model
        self._kinds: dict[str, str] = {}
        self._listeners: list[Callable[[str, dict[str, Any]], None]] = []
        self._connection: WebSocketClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._later: set[asyncio.Task[None]] = set()  # a loop keeps no reference of its own
        self._closing = False

    async def open(self, address: str, headers: dict[str, str] | None = None) -> None:
        """Fetch the page, connect, take the document and be ready.

        Raises
        ------
        RuntimeError
            The page has no session, or the server sent no document within a minute.
        """
        response = await AsyncHTTPClient().fetch(HTTPRequest(address, request_timeout=60, headers=headers))
        token = _TOKEN.search(response.body.decode())
        if token is None:
            raise RuntimeError(f"{address} is no page of a Panel application.")
        where, _, query = address.partition("?")
        socket = HTTPRequest(
            f"{where.replace('http', 'ws', 1)}/ws" + (f"?{query}" if query else ""), headers=headers
        )
        self._connection = await websocket_connect(
            socket, subprotocols=["bokeh", token.group(1)], max_message_size=1 << 28
        )
        await self._message()  # the server has accepted
        await self._send("PULL-DOC-REQ", {})
        header, content = await self._message()
        if header.get("msgtype") != "PULL-DOC-REPLY":
            raise RuntimeError(
                f"{address} answered {header.get('msgtype')} where its document was asked for."
            )
        self._take(content)
        self._reading = asyncio.create_task(self._read())
        for figure in [model for model, kind in self._kinds.items() if kind == "Figure"]:
            await self._tell_size(figure)
        toolbar = self.component("where")
        if toolbar is not None:
            person = {"what": "hello", "person": secrets.token_hex(16), "tab": secrets.token_hex(16)}
            await self.say(toolbar, person)
        await self._event("document_ready", [])

    async def close(self) -> None:
        """Leave, as a closed tab does."""
        self._closing = True
        for task in (self._reading, *self._later):
            if task is not None:
                task.cancel()
        if self._connection is not None:
            self._connection.close()

    def named(self, name: str) -> str | None:
        """Id of the model with this name, or None while there is none."""
        return next((model for model, of in self._attributes.items() if of.get("name") == name), None)

    def labelled(self, label: str) -> str | None:
        """Id of the values of the Material component whose label begins so, or None while there is none."""
        found = (m for m, of in self._attributes.items() if str(of.get("label") or "").startswith(label))
        return next(found, None)

    def of_kind(self, kind: str) -> str | None:
        """Id of the values of the Material component of a kind, e.g. "Tabs", or None while there is none."""
        return next((model for model, name in self._kinds.items() if name.rstrip("0123456789") == kind), None)

    def component(self, value: str) -> str | None:
        """Id of the component that has a value of this name, or None while there is none."""
        return next((model for model, of in self._with("data") if value in self._data_of(of)), None)

    def shown(self, value: str) -> Any:
        """That value of that component, as the server last told; None while there is none."""
        found = self.component(value)
        return None if found is None else self._data_of(self._attributes[found])[value]

    def value(self, model: str, attribute: str) -> Any:
        """What an attribute of a model was when the server last told; None where it never did."""
        return self._attributes.get(model, {}).get(attribute)

    async def change(self, model: str, attribute: str, new: Any) -> None:
        """Change an attribute, as a person who moves a handle."""
        await self._patch([{"kind": "ModelChanged", "model": {"id": model}, "attr": attribute, "new": new}])

    async def say(self, model: str, message: dict[str, str]) -> None:
        """Send a message to a component, as its part of the page does."""
        await self._event("data_event", [["model", {"id": model}], ["data", _as_map(message)]])

    async def told(self, model: str, attribute: str, timeout_s: float) -> float:
        """Wait until the server changes an attribute of a model.

        Returns
        -------
        time.perf_counter() when the message with the change had been received whole

        Raises
        ------
        TimeoutError
            It did not change in time.
        """
        arrived: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        def listen(changed: str, event: dict[str, Any]) -> None:
            if changed == model and event.get("attr") == attribute and not arrived.done():
                arrived.set_result(time.perf_counter())

        self._listeners.append(listen)
        try:
            return await asyncio.wait_for(arrived, timeout_s)
        finally:
            self._listeners.remove(listen)

    async def _read(self) -> None:
        try:
            while True:
                header, content = await self._message()
                if header.get("msgtype") == "ERROR":
                    self.errors.append(str(content.get("text", content))[:500])
                elif header.get("msgtype") == "PATCH-DOC":
                    await self._patched(content)
        except ConnectionError as error:
            if not self._closing:
                self.errors.append(str(error))

    async def _patched(self, content: dict[str, Any]) -> None:
        for event in content["events"]:
            self._take(event)
            model = event.get("model", {}).get("id")
            if model is None:
                continue
            if event["kind"] == "ModelChanged":
                self._attributes.setdefault(model, {})[event["attr"]] = event["new"]
            for listener in tuple(self._listeners):
                listener(model, event)
            if self.value(model, "name") == "paint gate":
                self._soon(self._acknowledge(model, event))

    async def _acknowledge(self, gate: str, event: dict[str, Any]) -> None:
        columns = event.get("data", event.get("new"))
        serial = dict(columns["entries"])["serial"][0]
        await asyncio.sleep(_PAINTING_S)
        await self.change(gate, "tags", [serial])

    async def _tell_size(self, figure: str) -> None:
        await self._patch(
            [
                {"kind": "ModelChanged", "model": {"id": figure}, "attr": name, "new": size}
                for name, size in _SIZE.items()
            ]
        )

    def _soon(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def _take(self, content: Any) -> None:
        """Note every model that a message brings; a figure that comes later is told its size."""
        for found in _models(content):
            self._kinds[found["id"]] = found["name"]
            self._attributes[found["id"]] = found.get("attributes", {})
            if self._reading is not None and found["name"] == "Figure":
                self._soon(self._tell_size(found["id"]))

    def _with(self, attribute: str) -> Iterator[tuple[str, dict[str, Any]]]:
        return ((model, of) for model, of in self._attributes.items() if attribute in of)

    def _data_of(self, attributes: dict[str, Any]) -> dict[str, Any]:
        data = attributes["data"]
        return self._attributes.get(data.get("id", ""), {}) if isinstance(data, dict) else {}

    async def _event(self, name: str, values: list[list[Any]]) -> None:
        entries: dict[str, Any] = {"type": "map", "entries": values} if values else {"type": "map"}
        data = {"type": "event", "name": name, "values": entries}
        await self._patch([{"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": data}])

    async def _patch(self, events: list[dict[str, Any]]) -> None:
        await self._send("PATCH-DOC", {"events": events})

    async def _send(self, kind: str, content: dict[str, Any]) -> None:
        assert self._connection is not None
        header = {"msgid": secrets.token_hex(16).upper(), "msgtype": kind}
        # three frames are one message: no other task may come between
        frames = [self._connection.write_message(json.dumps(part)) for part in (header, {}, content)]
        await asyncio.gather(*frames)

    async def _message(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The next message without its buffers, once these have arrived too."""
        header = json.loads(await self._frame())
        await self._frame()  # metadata: nothing is ever in it
        content = json.loads(await self._frame())
        for _ in range(header.get("num_buffers", 0)):
            await self._frame()
            await self._frame()
        return header, content

    async def _frame(self) -> str | bytes:
        assert self._connection is not None
        frame = await asyncio.wait_for(self._connection.read_message(), 600)
        if frame is None:
            reason = f"{self._connection.close_code} {self._connection.close_reason or ''}".strip()
            raise ConnectionError(f"The server closed the connection ({reason}).")
        return frame


def _models(content: Any) -> Iterator[dict[str, Any]]:
    """Every model that is written out in a message."""
    if isinstance(content, dict):
        if content.get("type") == "object" and "id" in content and "name" in content:
            yield content
        for part in content.values():
            yield from _models(part)
    elif isinstance(content, list):
        for part in content:
            yield from _models(part)


def _as_map(values: dict[str, str]) -> dict[str, Any]:
    return {"type": "map", "entries": [[name, value] for name, value in values.items()]}
