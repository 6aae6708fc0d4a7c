"""Tables as CSV, several files as one, and names for files: all as bytes, nothing touches the disk."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd


def table_csv(table: pd.DataFrame | Mapping[str, Sequence[Any]], digits: int = 7) -> bytes:
    """A table as CSV: one header line, commas, a decimal point, UTF-8.

    Parameters
    ----------
    table : columns by name, all of one length; units belong into the names (``area_um2``)
    digits : significant digits of real numbers

    Raises
    ------
    ValueError
        The columns differ in length.
    """
    if not isinstance(table, pd.DataFrame):
        lengths = {name: len(column) for name, column in table.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"The columns of this table differ in length: {lengths}.")
        table = pd.DataFrame(dict(table))
    text = table.to_csv(index=False, float_format=f"%.{digits}g", lineterminator="\n")
    # spreadsheets take UTF-8 for a code page of their own unless the mark stands in front
    return text.encode("utf-8" if text.isascii() else "utf-8-sig")


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Several files in one ZIP; names in the order given, equal content gives equal bytes.

    Raises
    ------
    ValueError
        There is no file to put in.
    """
    if not files:
        raise ValueError("There is nothing to export: no file would be in the ZIP.")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for name, content in files.items():
            # a fixed date: the same export is the same file
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def file_name(*parts: str, ending: str) -> str:
    """A file name that every system takes, from titles and names of any language: ``P45_Fe_Ka.tif``."""
    text = unicodedata.normalize("NFKD", "_".join(part for part in parts if part))
    text = re.sub(r"[^A-Za-z0-9.+-]+", "_", text.encode("ascii", "ignore").decode()).strip("_.")
    return f"{text[:80].rstrip('_.') or 'lodestone'}.{ending}"


def distinct_names(names: Sequence[str]) -> list[str]:
    """The names, with a number where one comes again: two phases of one name need two columns."""
    seen: dict[str, int] = {}
    answer = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        answer.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return answer
