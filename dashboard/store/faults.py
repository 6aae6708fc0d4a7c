"""What databases and disks report when they fail, told in sentences for people."""

from __future__ import annotations

import errno
import logging
import re
import shutil
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from dashboard.store.errors import StoreUnavailable

log = logging.getLogger(__name__)

FULL = "The disk of the store is full, so nothing was kept. Free some space, then try again."
READ_ONLY = (
    "The store cannot be written: its folder or disk is read-only. Ask the administrator to change that."
)
LOCKED = (
    "The database of the store is held by another program and did not become free in time. Try again; if it "
    "stays so, look which program has it open."
)
DAMAGED = (
    "The database of the store is damaged. Nothing was changed in it. Put a backup in its place, or move it "
    "away to begin with an empty one."
)
#: code of SQLite, as its name begins -> sentence
_SQLITE = {
    "SQLITE_BUSY": LOCKED,
    "SQLITE_LOCKED": LOCKED,
    "SQLITE_FULL": FULL,
    "SQLITE_READONLY": READ_ONLY,
    "SQLITE_PERM": READ_ONLY,
    "SQLITE_CANTOPEN": "The database file of the store cannot be opened. Look at the rights of its folder.",
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_NOTADB": DAMAGED,
    "SQLITE_IOERR": "The disk of the store reports an error. Look at the disk, and at the log of the server.",
}
#: SQLSTATE of PostgreSQL, as it begins -> sentence
_POSTGRESQL = {
    "53100": "The disk of the database server is full, so nothing was kept. Free some space there.",
    "53300": "The database server takes no more connections. Try again, or raise its max_connections.",
    "25006": "The database server takes no writes now: it is read-only.",
    "42501": "The account in DATABASE_URL may not do this. Make it the owner of its database.",
    "28": "The database server refused the account or the password in DATABASE_URL.",
    "3D000": "The database named in DATABASE_URL does not exist. Make it with createdb.",
    "55P03": LOCKED,
    "40": LOCKED,
    "57": "The database server is stopping or starting. Try again in a minute.",
    "08": "The connection to the database server broke. Try again in a minute.",
    "XX": DAMAGED,
}
#: what a refused connection says, where it has no code -> sentence
_CONNECTING = {
    "password authentication failed": _POSTGRESQL["28"],
    "no password supplied": _POSTGRESQL["28"],
    "does not exist": "The database or the account named in DATABASE_URL does not exist on its server.",
    "too many clients": _POSTGRESQL["53300"],
    "starting up": _POSTGRESQL["57"],
}
_UNREACHABLE = (
    "The database server named in DATABASE_URL does not answer. Look whether it runs and can be reached."
)
_UNKNOWN = "The store could not do this; the log of the server says why."


def unavailable(error: Exception, folder: Path) -> StoreUnavailable:
    """The sentence for what a database or a disk reported; the report itself goes to the log."""
    log.warning("store: %s", re.split(r"\n\[SQL|\n\(Background", str(error))[0].strip())
    if isinstance(error, OSError):
        return StoreUnavailable(_of_the_disk(error))
    if isinstance(error, NoConnectionFree):
        return StoreUnavailable("Many people use the store at this moment. Try again.")
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorname", None)
    if code is not None:
        sentence = next((text for start, text in _SQLITE.items() if code.startswith(start)), _UNKNOWN)
        # SQLite cannot always tell why the system refused to write
        if code.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")) and _is_full(folder):
            sentence = FULL
        return StoreUnavailable(sentence)
    if type(original).__module__.startswith("psycopg"):
        return StoreUnavailable(_of_postgresql(original))
    return StoreUnavailable(_UNKNOWN)


def _of_the_disk(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FULL
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return READ_ONLY
    return f"The disk of the store reports: {error.strerror or error}. Look at the disk and at its folder."


def _of_postgresql(error: BaseException) -> str:
    state = getattr(error, "sqlstate", None)
    if state:
        return next((text for start, text in _POSTGRESQL.items() if state.startswith(start)), _UNKNOWN)
    said = str(error)
    return next((text for part, text in _CONNECTING.items() if part in said), _UNREACHABLE)


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < 2**20
    except OSError:
        return False
