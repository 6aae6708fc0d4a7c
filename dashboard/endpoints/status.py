"""/status: what an admin looks at when somebody says that it is slow."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import psutil
from panel.config import config
from tornado.escape import xhtml_escape
from tornado.web import decode_signed_value

from dashboard.endpoints.asking import Asking, Refused
from dashboard.endpoints.running import made_already, running
from dashboard.upload_errors import megabytes

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:72em;margin:2em auto;padding:0 1em;color:#1d2a35}"
    "h1{font-size:1.4em}h2{font-size:1.1em;margin-top:1.6em}table{border-collapse:collapse}"
    "td,th{text-align:left;padding:.15em 1.2em .15em 0;vertical-align:top;overflow-wrap:anywhere}"
    "th{font-weight:600;color:#52616f}p.none{color:#52616f}"
    "@media(prefers-color-scheme:dark){body{background:#12181d;color:#dce4ea}th,p.none{color:#9aa9b5}}"
)


class Status(Asking):
    """GET, for those whom LODESTONE_ADMINS names; without accounts, for who sits at the server."""

    async def get(self) -> None:
        """The page, as it is now."""
        self.check_site()
        try:
            self._check_admin()
        except Refused as refused:
            self.set_status(refused.status)
            self.finish(_page([("Not shown", _paragraph(str(refused)))]))
            return
        visits = self._visits()
        look = asyncio.get_running_loop().run_in_executor(running().checks, _looked_up)
        try:
            looked_up = await asyncio.wait_for(look, 10.0)
        except TimeoutError:
            looked_up = [("Store", _paragraph("The disk or the database does not answer."))]
        self.set_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.finish(_page([("Server", _facts(_server())), ("Visits", _facts(visits)), *looked_up, _slow()]))

    def _check_admin(self) -> None:
        if not self.has_login:
            if not self.is_from_this_computer():
                raise Refused(
                    403, "On a server without accounts this page is shown on the server's own computer only."
                )
            return
        admins = running().settings.admins
        if self.person() not in admins:
            named = "it is not among them" if admins else "nobody is named yet"
            raise Refused(
                403, f"This page is for those whom LODESTONE_ADMINS names by their user names; {named}."
            )

    def _visits(self) -> Mapping[str, str]:
        """Open tabs by person."""
        people: Counter[str] = Counter()
        n_connected = 0
        for path in self.application.app_paths:
            for session in self.application.get_sessions(path):
                n_connected += session.connection_count > 0
                people[_person_of(session)] += 1
        found = {"open tabs": f"{sum(people.values())}, {n_connected} of them connected"}
        return found | {name: str(n) for name, n in people.most_common(50) if name}


def _person_of(session: Any) -> str:
    request = getattr(session.document.session_context, "request", None)
    cookie = (getattr(request, "cookies", None) or {}).get("user")
    if cookie is None or config.cookie_secret is None:
        return ""
    name = decode_signed_value(config.cookie_secret, "user", cookie, max_age_days=config.oauth_expiry)
    return "" if name is None else name.decode("utf-8", "replace")


def _server() -> Mapping[str, str]:
    process = psutil.Process()
    settings, common = running().settings, made_already()
    taken = "none" if common is None else megabytes(common.library.used_bytes)
    return {
        "running for": _duration(time.time() - running().started),
        "memory of the process": megabytes(process.memory_info().rss),
        "of it, datasets": f"{taken} of {megabytes(settings.memory_bytes)} (LODESTONE_MEMORY)",
        "threads": str(process.num_threads()),
        "jobs at a time": f"{settings.n_workers} (LODESTONE_WORKERS)",
        "load of the machine": ", ".join(f"{one:.1f}" for one in psutil.getloadavg())
        + f" on {psutil.cpu_count()} cores",
    }


def _looked_up() -> list[tuple[str, str]]:
    """Sections that wait for the disk."""
    uploads = running().uploads.unfinished()
    unfinished = [
        (
            one.owner or "-",
            one.name,
            f"{megabytes(one.offset)} of {megabytes(one.size_bytes)}",
            _moment(one.begun),
        )
        for one in uploads[:50]
    ]
    sections = [("Unfinished uploads", _table(("who", "name", "arrived", "begun"), unfinished))]
    common = made_already()
    if common is None:
        return [("Store", _paragraph("It is not open.")), *sections]
    try:
        store = common.store()
        facts = {
            name.replace("_bytes", " size").replace("_", " "): (
                megabytes(value) if name.endswith("_bytes") and value is not None else str(value)
            )
            for name, value in store.facts().items()
        }
        jobs = [
            (one.owner or "-", one.title, one.status, _moment(one.created), _took(one), one.message)
            for one in store.jobs(limit=50)
        ]
    except ValueError as error:
        return [("Store", _paragraph(str(error))), *sections]
    headings = ("who", "job", "status", "asked", "took", "said")
    return [("Store", _facts(facts)), ("Jobs, the newest first", _table(headings, jobs)), *sections]


def _slow() -> tuple[str, str]:
    watch = running().watch
    actions = watch.slow_actions() if watch is not None else ()
    rows = [(_moment(one.began), f"{one.seconds:.1f} s", one.where) for one in actions[:50]]
    return "Slow actions: everybody waited for these", _table(
        ("when", "how long", "where in the program"), rows
    )


def _took(job: Any) -> str:
    return "" if job.ended is None else _duration(job.ended - job.created)


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join([f"{n} {unit}" for n, unit in parts if n][:2]) or "0 s"


def _paragraph(text: str) -> str:
    return f'<p class="none">{xhtml_escape(text)}</p>'


def _facts(facts: Mapping[str, str]) -> str:
    rows = (
        f"<tr><th>{xhtml_escape(name)}</th><td>{xhtml_escape(value)}</td></tr>"
        for name, value in facts.items()
    )
    return f"<table>{''.join(rows)}</table>"


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = ["".join(f"<td>{xhtml_escape(str(cell)[:500])}</td>" for cell in row) for row in rows]
    if not lines:
        return _paragraph("None.")
    head = "".join(f"<th>{xhtml_escape(one)}</th>" for one in headings)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _page(sections: Iterable[tuple[str, str]]) -> str:
    body = "".join(f"<h2>{xhtml_escape(title)}</h2>{content}" for title, content in sections)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Lodestone: status</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>Lodestone: status</h1>{body}</body></html>"
    )
