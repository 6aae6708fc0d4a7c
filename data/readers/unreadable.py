"""The one error of the readers: a file that cannot be opened, said in a sentence or two."""

from __future__ import annotations


class UnreadableFile(ValueError):
    """A dataset cannot be opened.

    The message is written for the person who asked for the file: what was asked, what was found, what to
    do. The exception of the parser, where there was one, is the ``__cause__`` and is in the log.
    """
