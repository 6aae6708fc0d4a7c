"""Files -> SpectrumImage or ElementalMaps.

``open_dataset(path)`` opens whatever the path holds; every failure is an :class:`UnreadableFile` with a
sentence for the person who asked. Parsing is rosettasciio's where that keeps the counts sparse; the
event streams of Bruker, JEOL, Velox and Phenom are decoded here, straight into sparse counts.
"""

from data.readers.formats import SUPPORTED, is_dataset
from data.readers.opening import Opened, open_dataset
from data.readers.unreadable import UnreadableFile

__all__ = ["SUPPORTED", "Opened", "UnreadableFile", "is_dataset", "open_dataset"]
