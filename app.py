"""Lodestone in the browser: ``panel serve app.py``, or ``make serve``."""

from dashboard.visitors import serve_visit

serve_visit()
