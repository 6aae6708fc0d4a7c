"""The tables. A change here needs a migration beside it (see migration.py); a test compares the two.

What a save froze is a row of its own that never changes: a session points at its newest, a link at the one of
the moment when it was shared. So sharing and duplicating copy nothing, and no later edit reaches a link.
Texts have no length here; limits.py is asked before anything is written.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, Index, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

#: names of constraints, the same in every database, so that migrations can speak of them
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(DeclarativeBase):
    """What all tables have in common."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {str: Text, float: Double}  # noqa: RUF012


class StoreIdentity(Table):
    """One row: which store this is, so that the artifacts of another one are never taken for garbage."""

    __tablename__ = "store_identity"
    id: Mapped[str] = mapped_column(primary_key=True)


class FrozenContent(Table):
    """What one save froze; never changed, deleted when neither session nor link points at it."""

    __tablename__ = "frozen_content"
    id: Mapped[str] = mapped_column(primary_key=True)
    created: Mapped[float]
    state: Mapped[str]
    thumbnail: Mapped[bytes]
    dataset_title: Mapped[str]
    dataset_id: Mapped[str]
    artifacts: Mapped[list[ContentArtifact]] = relationship(order_by="ContentArtifact.role")


class ContentArtifact(Table):
    """Which file in the artifact folder plays which role; the file is there before the row."""

    __tablename__ = "content_artifact"
    content_id: Mapped[str] = mapped_column(
        ForeignKey("frozen_content.id", ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(index=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)


class SessionRow(Table):
    """A saved session; deleted ones stay until they are purged."""

    __tablename__ = "saved_session"
    __table_args__ = (
        CheckConstraint("visibility IN ('private', 'team', 'link')", name="visibility"),
        Index(None, "author", "changed"),
        Index(None, "visibility", "changed"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    author: Mapped[str]
    created: Mapped[float]
    changed: Mapped[float]
    visibility: Mapped[str]
    notes: Mapped[str]
    search_text: Mapped[str]
    content_id: Mapped[str] = mapped_column(ForeignKey("frozen_content.id"), index=True)
    copied_from: Mapped[str | None]
    deleted: Mapped[float | None] = mapped_column(index=True)
    content: Mapped[FrozenContent] = relationship()


class LinkRow(Table):
    """A link: points at what its session was, with the name and the notes of that moment."""

    __tablename__ = "share_link"
    token: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("saved_session.id", ondelete="CASCADE"), index=True)
    content_id: Mapped[str | None] = mapped_column(ForeignKey("frozen_content.id"), index=True)
    name: Mapped[str]
    notes: Mapped[str]
    view: Mapped[str | None]
    created: Mapped[float]
    expires: Mapped[float | None]
    revoked: Mapped[float | None]
    session: Mapped[SessionRow] = relationship()
    content: Mapped[FrozenContent | None] = relationship()


class DraftRow(Table):
    """The newest draft of a visit."""

    __tablename__ = "draft"
    owner: Mapped[str] = mapped_column(primary_key=True)
    visit: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    saved: Mapped[float] = mapped_column(index=True)


class JobRow(Table):
    """A job, from its start to its end."""

    __tablename__ = "job_record"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    title: Mapped[str]
    owner: Mapped[str] = mapped_column(index=True)
    request: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)
    message: Mapped[str]
    created: Mapped[float]
    ended: Mapped[float | None]
