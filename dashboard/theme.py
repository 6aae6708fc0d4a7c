"""Colours and the look of the page: the one place for every colour that is not data."""

from __future__ import annotations

from bokeh import palettes

from models.phase_colours import PHASE_COLOURS as PHASE_COLOURS
from models.phase_colours import endmember_colour as endmember_colour

UNASSIGNED = "#66707c"
UNSELECTED = "#8d96a0"

#: curves that belong to no phase; they read on the light and on the dark page
SUM_COLOUR = "#8d96a0"
SELECTION_COLOUR = "#ff2d95"
LINE_MARK = "#8d96a0"


MAP_PALETTES: dict[str, tuple[str, ...]] = {
    "Inferno": palettes.Inferno256,
    "Viridis": palettes.Viridis256,
    "Cividis": palettes.Cividis256,
    "Turbo": palettes.Turbo256,
    "Grey": palettes.Greys256,
}

#: accents of the page itself
ACCENT = "#c77b30"
PAGE_THEME = {
    "light": {
        "palette": {
            "primary": {"main": "#2b5d7d"},
            "secondary": {"main": ACCENT},
            "background": {"default": "#f3f5f7", "paper": "#ffffff"},
        },
    },
    "dark": {
        "palette": {
            "primary": {"main": "#6fb1d6"},
            "secondary": {"main": "#e0a060"},
            "background": {"default": "#12161b", "paper": "#1b2128"},
        },
    },
}
_TYPOGRAPHY = {"fontSize": 13, "h6": {"fontSize": "0.95rem", "fontWeight": 600}}
_COMPONENTS = {
    "MuiButton": {"styleOverrides": {"root": {"textTransform": "none"}}},
    "MuiToggleButton": {
        "styleOverrides": {
            "root": {"textTransform": "none", "padding": "3px 9px", "fontSize": "12px", "lineHeight": 1.45}
        }
    },
    "MuiSelect": {"styleOverrides": {"select": {"fontSize": "13px"}}},
    "MuiInputBase": {"styleOverrides": {"sizeSmall": {"fontSize": "13px"}}},
}
for _mode in PAGE_THEME.values():
    _mode["typography"] = _TYPOGRAPHY
    _mode["shape"] = {"borderRadius": 6}
    _mode["components"] = _COMPONENTS
# the bar on top is the same at night: a bright one would outshine the maps
_BAR = {
    "styleOverrides": {"root": {"backgroundColor": "#16303f", "color": "#e8edf1", "backgroundImage": "none"}}
}
PAGE_THEME["dark"]["components"] = {**_COMPONENTS, "MuiAppBar": _BAR}

#: a select in the head of a card: no taller than the line it stands in
MENU_SX = {"& .MuiSelect-select": {"paddingTop": "4px !important", "paddingBottom": "4px !important"}}
