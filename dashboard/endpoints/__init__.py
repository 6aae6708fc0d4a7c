"""What the server answers besides the page: ``panel serve app.py --plugins dashboard.endpoints``.

/healthz           is it well? for a supervisor or a balancer
/uploads           files in pieces, see dashboard/endpoints/sending.py
/status            for the admin: visits, jobs, memory, slow actions

A prefix of the server (``--prefix``) stands before each of them.
"""

from __future__ import annotations

from typing import Any

# now, not when ROUTES is asked for: only while it imports a plugin does Panel look into this folder
from dashboard.endpoints import health, running, sending, status


def __getattr__(name: str) -> Any:
    """``panel serve`` asks for ROUTES once, before it serves: that sets up what runs beside the page."""
    if name != "ROUTES":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    running.begin_with_the_loop()
    return [
        (r"/healthz", health.Health),
        (r"/uploads/?", sending.Sending),
        (r"/uploads/finish", sending.Finishing),
        (r"/uploads/([^/]+)", sending.Piece),
        (r"/status", status.Status),
    ]
