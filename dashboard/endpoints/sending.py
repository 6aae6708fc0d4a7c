"""/uploads: a file in pieces, resumed after a break, from a page of this server or with curl.

POST   /uploads         {"name", "size", "fingerprint"?}  -> 201 or, to go on, 200 {"id", "offset", ...}
GET    /uploads         -> {"uploads": [...], "limit_bytes", "piece_bytes"}: your unfinished ones
PATCH  /uploads/<id>    Upload-Offset: n, body = the bytes from there on -> {"offset"}
HEAD   /uploads/<id>    -> Upload-Offset, Upload-Length;  GET the same as JSON
DELETE /uploads/<id>    -> 204
POST   /uploads/finish  {"ids": [...]}: the files of one dataset, e.g. of .rpl and .raw
                        -> 201 or, where the same is there, 200 {"entry_id", "message", "is_new"}

Every refusal is {"error": a sentence for people}; 409 carries the right "offset" as well. Fingerprint is what
tells two files of one name and size apart, such as the time of the last change. A PUT is taken as a PATCH.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from tornado.web import stream_request_body

from dashboard import logs, upload_errors
from dashboard.endpoints.asking import Asking, Refused
from dashboard.endpoints.running import running
from dashboard.upload_errors import UploadRefused
from dashboard.upload_parts import Upload

PIECE_BYTES = 8 * 2**20  # what the page should send at a time: after a break so much is sent again
_WRITTEN_AT_ONCE = 2**20
_MOST_JSON_BYTES = 2**16
_SWALLOWED_BYTES = 64 * 2**20

_STATUS = {
    upload_errors.UploadNotFound: 404,
    upload_errors.WrongOffset: 409,
    upload_errors.TooLarge: 413,
    upload_errors.UploadBusy: 423,
    upload_errors.TooMany: 429,
    upload_errors.NoRoom: 507,
    upload_errors.NotWritable: 507,
}


class _OfUploads(Asking):
    """What the routes of uploads have in common: who may ask, and that the loop waits for no disk."""

    async def prepare(self) -> None:
        """Look at who asks, before anything of the body is taken."""
        self.check_site()
        self.owner = self.person()
        if running().is_stopping:
            raise Refused(503, "The server is being restarted. Go on in a minute; nothing is lost.")

    async def done(self, work: Callable[..., Any], *arguments: Any, by: Executor | None = None) -> Any:
        """The result of work on the disk, done by a thread.

        Raises
        ------
        Refused
            The upload was refused.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(by or running().pieces, work, *arguments)
        except UploadRefused as error:
            raise as_answer(error) from error

    def fields(self) -> dict[str, Any]:
        """The JSON object that was sent.

        Raises
        ------
        Refused
            It is none.
        """
        try:
            found = json.loads(self.request.body) if len(self.request.body) <= _MOST_JSON_BYTES else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Refused(400, 'A JSON object was expected, such as {"name": "map.bcf", "size": 1000}.')
        return found


class Sending(_OfUploads):
    """Begin an upload, or list the unfinished ones."""

    async def get(self) -> None:
        """What this person has not finished."""
        mine = await self.done(running().uploads.unfinished, self.owner)
        limit = running().uploads.limit_bytes
        self.answer(200, uploads=[described(one) for one in mine], limit_bytes=limit, piece_bytes=PIECE_BYTES)

    async def post(self) -> None:
        """Begin, or go on."""
        sent = self.fields()
        fingerprint = sent.get("fingerprint", "")
        upload = await self.done(
            running().uploads.begin, self.owner, sent.get("name"), sent.get("size"), fingerprint
        )
        self.answer(200 if upload.offset else 201, **described(upload), piece_bytes=PIECE_BYTES)


class Finishing(_OfUploads):
    """Check what has arrived, and show it to all."""

    async def post(self) -> None:
        """The files of one dataset."""
        ids = self.fields().get("ids")
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise Refused(400, 'The ids of the files of one dataset were expected: {"ids": [...]}.')
        began = time.monotonic()
        try:
            finished = await self.done(running().uploads.finish, ids, self.owner, by=running().checks)
        except Refused:
            logs.note("upload refused", self.owner, time.monotonic() - began)
            raise
        logs.note("upload finished", self.owner, time.monotonic() - began, finished.entry_id)
        self.answer(
            201 if finished.is_new else 200,
            entry_id=finished.entry_id,
            message=finished.message,
            is_new=finished.is_new,
        )


@stream_request_body
class Piece(_OfUploads):
    """One upload: ask where it is, send the next bytes, cancel it. Bytes go to the disk as they come."""

    async def prepare(self) -> None:
        """Before the bytes: is this upload there, and do they continue it?"""
        self._write: Callable[[bytes], None] | None = None
        self._waiting, self._refused = bytearray(), None
        self._open = contextlib.ExitStack()
        self._turn = asyncio.Lock()  # one thread at a time has to do with the file
        try:
            await super().prepare()
            if self.request.method in ("PATCH", "PUT"):
                await self._open_for_bytes()
        except Refused as refused:
            # a browser that is still sending would take an answer for a broken connection
            if self._announced_bytes() > _SWALLOWED_BYTES:
                raise
            self._refused = refused

    async def data_received(self, chunk: bytes) -> None:
        """The next bytes: written in larger portions by a thread, while the connection waits."""
        if self._write is not None and self._refused is None:
            self._waiting += chunk
            if len(self._waiting) >= _WRITTEN_AT_ONCE:
                await self._flush()

    async def patch(self, upload_id: str) -> None:
        """All bytes of this piece have come."""
        await self._flush()
        await self._close()
        self._check()
        upload = await self.done(running().uploads.find, upload_id, self.owner)
        self.set_header("Upload-Offset", str(upload.offset))
        self.answer(200, **described(upload))

    put = patch

    async def get(self, upload_id: str) -> None:
        """Where to go on."""
        self._check()
        self.answer(200, **described(await self.done(running().uploads.find, upload_id, self.owner)))

    async def head(self, upload_id: str) -> None:
        """Where to go on, in headers."""
        self._check()
        upload = await self.done(running().uploads.find, upload_id, self.owner)
        self.set_header("Upload-Offset", str(upload.offset))
        self.set_header("Upload-Length", str(upload.size_bytes))
        self.finish()

    async def delete(self, upload_id: str) -> None:
        """Cancel it."""
        self._check()
        await self.done(running().uploads.drop, upload_id, self.owner)
        self.set_status(204)
        self.finish()

    def on_finish(self) -> None:
        """Whatever was answered, the upload is free for the next piece."""
        self._leave()

    def on_connection_close(self) -> None:
        """The connection broke: what has come is kept, so that the rest can follow it."""
        self._leave()

    def _leave(self) -> None:
        async def keep_what_came() -> None:
            await self._flush()
            await self._close()

        self._leaving = asyncio.ensure_future(keep_what_came())  # held: the loop itself holds no task

    async def _open_for_bytes(self) -> None:
        offset = self.request.headers.get("Upload-Offset", "0").strip()
        if not offset.isascii() or not offset.isdigit() or len(offset) > 18:
            raise Refused(400, f"The header Upload-Offset is {offset[:40]!r}. Send the number of bytes.")
        self.request.connection.set_max_body_size(running().uploads.limit_bytes + 1)
        upload_id = self.path_args[0]
        opening = running().uploads.appending(upload_id, self.owner, int(offset))
        async with self._turn:
            self._write = await self.done(self._open.enter_context, opening)

    async def _flush(self) -> None:
        async with self._turn:
            if self._write is None or self._refused is not None or not self._waiting:
                return
            portion, self._waiting = bytes(self._waiting), bytearray()
            try:
                await self.done(self._write, portion)
            except Refused as refused:
                self._refused = refused

    async def _close(self) -> None:
        async with self._turn:
            self._write = None
            self._open.close()

    def _check(self) -> None:
        if self._refused is not None:
            raise self._refused

    def _announced_bytes(self) -> int:
        text = self.request.headers.get("Content-Length", "0")
        return int(text) if text.isdigit() else 0


def described(upload: Upload) -> dict[str, Any]:
    """What the page is told of an upload."""
    return {"id": upload.id, "name": upload.name, "size": upload.size_bytes, "offset": upload.offset}


def as_answer(error: UploadRefused) -> Refused:
    """The status that goes with a refusal, and where to go on if that is what is wrong."""
    more = {"offset": error.offset} if isinstance(error, upload_errors.WrongOffset) else {}
    return Refused(_STATUS.get(type(error), 422), str(error), **more)
