"""Why an upload was refused; every text is a sentence for the person who sends the file."""

from __future__ import annotations

import errno
import logging

log = logging.getLogger(__name__)


class UploadRefused(ValueError):
    """The file cannot be taken as it is: its name, its ending or its content."""


class UploadNotFound(UploadRefused):
    """There is no such upload of this person."""


class WrongOffset(UploadRefused):
    """The bytes do not continue what is there; ``offset`` says how many are."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class TooLarge(UploadRefused):
    """More bytes than a file may have, or than were announced."""


class TooMany(UploadRefused):
    """This person has too many unfinished uploads."""


class UploadBusy(UploadRefused):
    """The same upload is written to already, from another tab or by a connection that is not gone yet."""


class NoRoom(UploadRefused):
    """The disk is full."""


class NotWritable(UploadRefused):
    """The server cannot write where uploads go."""


def refusal(error: OSError, n_received: int = 0) -> UploadRefused:
    """What an error of the file system means for the person who sends a file."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoRoom(
            f"The disk of the server is full. What has arrived ({megabytes(n_received)}) is kept for a week: "
            f"ask whoever runs the server for room, and send the file again, which then goes on from there."
        )
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return NotWritable(
            "The folder for uploads on the server is read-only. Ask whoever runs the server to make it "
            "writable, or to copy the file into the data folder."
        )
    log.error("upload failed", exc_info=error)
    return NotWritable(
        "The server could not write the file. What has arrived is kept; try again, and tell whoever runs the "
        "server if that does not help: its log says more."
    )


def megabytes(n_bytes: int) -> str:
    """A size for a sentence, e.g. "12.3 MB"."""
    if n_bytes >= 2**30:
        return f"{n_bytes / 2**30:.1f} GB"
    return f"{n_bytes / 2**20:.1f} MB" if n_bytes >= 2**17 else f"{n_bytes:,} bytes"
