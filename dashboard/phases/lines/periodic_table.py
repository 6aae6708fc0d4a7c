"""The periodic table as a way to choose lines: a click on an element, or on one of its lines below."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from data.axes import EnergyAxis
from models.line_list import elements_of, possible_lines

_ROWS = (
    "H . . . . . . . . . . . . . . . . He",
    "Li Be . . . . . . . . . . B C N O F Ne",
    "Na Mg . . . . . . . . . . Al Si P S Cl Ar",
    "K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr",
    "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe",
    "Cs Ba La Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn",
    ". . . Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu .",
    "Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf",
)
_FIRST_OF_LANTHANIDES = 6  # set off by a gap


def cells(
    axis: EnergyAxis | None,
    beam_kev: float | None,
    lines: Collection[str],
    suggested: Mapping[str, float],
    left_out: Collection[str],
) -> list[dict[str, Any]]:
    """Every element with its place and what is known of it, for :class:`PeriodicTable`.

    Parameters
    ----------
    axis, beam_kev : energies of the map; an axis of None (or without X-ray energies) allows no element
    lines : names of the lines that are chosen
    suggested : element -> score of the suggestion
    left_out : elements that are left out on purpose
    """
    chosen = elements_of(lines)
    answer = []
    for row, symbols in enumerate(_ROWS):
        for column, symbol in enumerate(symbols.split()):
            if symbol == ".":
                continue
            # H and He have no lines; Bk and beyond no table
            has_axis = axis is not None and axis.has_xray_lines
            offered = possible_lines(symbol, axis, beam_kev) if has_axis else ()
            answer.append(
                dict(
                    symbol=symbol,
                    row=row,
                    column=column,
                    possible=bool(offered),
                    chosen=symbol in chosen,
                    suggested=round(suggested[symbol]) if symbol in suggested else 0,
                    leftOut=symbol in left_out,
                    lines=[
                        dict(name=one.name, energy=f"{one.energy_kev:.3f}", chosen=one.name in lines)
                        for one in offered
                    ],
                )
            )
    return answer


class PeriodicTable(JSComponent):
    """Elements that this beam and this axis allow are enabled, chosen ones filled, suggested ones marked.

    A click on an element adds its best line or takes all of its lines out; the strip below shows the lines
    of the element that was pointed at last, each a switch.
    """

    cells = param.List(default=[], doc="see cells()")

    _esm = """
export function render({model, el}) {
  const grid = document.createElement('div');
  grid.className = 'grid';
  grid.setAttribute('role', 'group');
  grid.setAttribute('aria-label', 'Elements');
  const strip = document.createElement('div');
  strip.className = 'strip';
  el.append(grid, strip);
  let pointed = null;

  const hint = (text) => {
    const span = document.createElement('span');
    span.className = 'hint';
    span.textContent = text;
    return span;
  };
  const showStrip = () => {
    const cell = model.cells.find((one) => one.symbol === pointed);
    if (!cell) {
      strip.replaceChildren(hint('Point at an element to see its lines.'));
      return;
    }
    const name = document.createElement('b');
    name.textContent = cell.symbol;
    const parts = [name];
    if (cell.suggested) parts.push(hint(`seen in the spectrum, score ${cell.suggested} σ`));
    if (cell.leftOut) parts.push(hint('left out on purpose'));
    if (!cell.lines.length) parts.push(hint('no line that this beam excites on this energy axis'));
    for (const line of cell.lines) {
      const chip = document.createElement('button');
      chip.type = 'button';
      chip.className = line.chosen ? 'chip on' : 'chip';
      chip.textContent = `${line.name.split('_')[1]} ${line.energy}`;
      chip.title = `${line.name}, ${line.energy} keV: ` + (line.chosen ? 'take it out' : 'add it');
      chip.setAttribute('aria-pressed', line.chosen);
      chip.addEventListener('click', () => model.send_msg({line: line.name}));
      parts.push(chip);
    }
    if (cell.lines.length) parts.push(hint('keV'));
    strip.replaceChildren(...parts);
  };
  const draw = () => {
    const focused = el.getRootNode().activeElement?.dataset?.symbol;
    grid.replaceChildren(...model.cells.map((cell) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.dataset.symbol = cell.symbol;
      button.textContent = cell.symbol;
      button.disabled = !cell.possible && !cell.chosen;
      button.className = ['cell', cell.chosen && 'on', cell.suggested && 'seen', cell.leftOut && 'out']
        .filter(Boolean).join(' ');
      button.setAttribute('aria-pressed', cell.chosen);
      button.style.gridRow = cell.row + 1 + (cell.row >= FIRST_LANTHANIDE ? 1 : 0);
      button.style.gridColumn = cell.column + 1;
      const point = () => { pointed = cell.symbol; showStrip(); };
      button.addEventListener('pointerenter', point);
      button.addEventListener('focus', point);
      button.addEventListener('click', () => model.send_msg({element: cell.symbol}));
      return button;
    }));
    if (focused) grid.querySelector(`[data-symbol="${focused}"]`)?.focus();
    showStrip();
  };
  draw();
  model.on('cells', draw);
}
""".replace("FIRST_LANTHANIDE", str(_FIRST_OF_LANTHANIDES))

    _stylesheets: ClassVar[list[str]] = [
        """
:host { display: block; color: inherit; }
.grid { display: grid; grid-template-columns: repeat(18, minmax(0, 1fr)); gap: 2px;
     grid-template-rows: repeat(6, 25px) 5px repeat(2, 25px); }
.cell { font: inherit; font-size: 11.5px; color: inherit; background: none; padding: 0; cursor: pointer;
     border: 1px solid rgba(128, 128, 128, 0.45); border-radius: 4px; position: relative; min-width: 0; }
.cell:disabled { opacity: 0.28; cursor: default; border-color: rgba(128, 128, 128, 0.25); }
.cell:not(:disabled):hover { background: rgba(128, 128, 128, 0.22); }
.cell.on { background: #2b6f9b; border-color: #2b6f9b; color: #fff; font-weight: 600; }
.cell.on:hover { background: #23597c; }
.cell.seen::after { content: ''; position: absolute; right: 2px; top: 2px; width: 6px; height: 6px;
     border-radius: 50%; background: #e08a2e; }
.cell.out { text-decoration: line-through; }
.cell:focus-visible, .chip:focus-visible { outline: 2px solid #e08a2e; outline-offset: 1px; }
.strip { display: flex; flex-wrap: wrap; align-items: center; gap: 4px; min-height: 54px; padding-top: 6px;
     font-size: 12.5px; align-content: flex-start; }
.strip b { font-size: 14px; min-width: 22px; }
.hint { opacity: 0.7; font-size: 12px; margin-right: 4px; }
.chip { font: inherit; font-size: 11.5px; color: inherit; background: none; cursor: pointer; padding: 1px 7px;
     border: 1px solid rgba(128, 128, 128, 0.5); border-radius: 10px; font-variant-numeric: tabular-nums; }
.chip:hover { background: rgba(128, 128, 128, 0.2); }
.chip.on { background: #2b6f9b; border-color: #2b6f9b; color: #fff; }
"""
    ]

    def __init__(
        self, on_element: Callable[[str], None], on_line: Callable[[str], None], **params: Any
    ) -> None:
        super().__init__(**params)
        self._on_element, self._on_line = on_element, on_line

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        if "element" in msg:
            self._on_element(str(msg["element"]))
        elif "line" in msg:
            self._on_line(str(msg["line"]))
