"""Who asks: routes of plugins are not behind Panel's login, so each request is looked at here."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import urlsplit

from bokeh.server.util import check_allowlist
from bokeh.settings import settings as bokeh_settings
from tornado.web import RequestHandler

log = logging.getLogger(__name__)

_THIS_COMPUTER = ("localhost", "127.0.0.1", "::1")
_FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded")


class Refused(Exception):
    """The request is answered with a status and a sentence."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.more = status, more


class Asking(RequestHandler):
    """A request of a person, from a page of this server."""

    def set_default_headers(self) -> None:
        """Answers are of the moment, are what they say they are, and name no program."""
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.clear_header("Server")

    @property
    def has_login(self) -> bool:
        """Does this server ask people who they are?"""
        provider = self.application.auth_provider
        return provider.get_user is not None or provider.get_user_async is not None

    def person(self) -> str:
        """Name of the user, "" on a server without accounts.

        Raises
        ------
        Refused
            There are accounts, and nobody is signed in.
        """
        if not self.has_login:
            return ""
        user = self.get_signed_cookie("user")
        if not user:
            raise Refused(401, "You are not signed in. Open the page, sign in, and try again.")
        return user.decode("utf-8", "replace")

    def check_site(self) -> None:
        """Refuse what another site sends with the cookies of somebody who is signed in here.

        Raises
        ------
        Refused
            The request comes from a page of another server, or names this one as nobody else does.
        """
        allowed = bokeh_settings.allowed_ws_origin() or self.application.websocket_origins
        host = self.request.host.lower()
        # a name that is none of ours may lead here as well: the page of that name is not ours
        if urlsplit(f"//{host}").hostname not in _THIS_COMPUTER and not check_allowlist(host, allowed):
            raise Refused(
                403,
                "This server is not known by the name under which it was asked. Whoever runs it allows a "
                "name with --allow-websocket-origin.",
            )
        origin = self.request.headers.get("Origin")
        if origin is not None:
            asked_from = urlsplit(origin).netloc.lower()
            if not asked_from or (asked_from != host and not check_allowlist(asked_from, allowed)):
                raise Refused(403, "This was asked from a page of another server, which is not allowed.")
        elif self.request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise Refused(403, "This was asked from a page of another server, which is not allowed.")

    def is_from_this_computer(self) -> bool:
        """Does somebody ask who sits at the server, not through a proxy?"""
        if any(name in self.request.headers for name in _FORWARDED):
            return False
        host = urlsplit(f"//{self.request.host}").hostname
        return self.request.remote_ip in ("127.0.0.1", "::1") and host in _THIS_COMPUTER

    def answer(self, status: int, **fields: Any) -> None:
        """Answer with a JSON object."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(fields))

    def refuse(self, refused: Refused) -> None:
        """Answer with a sentence for the person who asked."""
        if refused.status == 503:
            self.set_header("Retry-After", "10")
        self.answer(refused.status, error=str(refused), **refused.more)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Whatever went wrong, the answer is a sentence; the log has the rest."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, Refused):
            self.refuse(error)
        elif status_code < 500:
            self.answer(status_code, error="The server did not understand what was asked of it.")
        else:
            self.answer(status_code, error="The server failed to answer; its log says more.")

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """What was refused on purpose is no error of ours."""
        if not isinstance(value, Refused):
            super().log_exception(typ, value, tb)
