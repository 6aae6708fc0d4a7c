"""Lodestone in the browser: ``panel serve app.py``, or ``make serve``."""

from dashboard.visitors import visit_page

visit_page().servable(title="Lodestone")
