"""Sessions, links, drafts and jobs."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    identity = op.create_table(
        "store_identity",
        sa.Column("id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_store_identity"),
    )
    op.bulk_insert(identity, [{"id": secrets.token_hex(16)}])
    op.create_table(
        "frozen_content",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("thumbnail", sa.LargeBinary, nullable=False),
        sa.Column("dataset_title", sa.Text, nullable=False),
        sa.Column("dataset_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_frozen_content"),
    )
    op.create_table(
        "content_artifact",
        sa.Column("content_id", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("content_id", "role", name="pk_content_artifact"),
        sa.ForeignKeyConstraint(
            ["content_id"], ["frozen_content.id"], name="fk_content_artifact_content_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_content_artifact_sha256", "content_artifact", ["sha256"])
    op.create_table(
        "saved_session",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("changed", sa.Double, nullable=False),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("content_id", sa.Text, nullable=False),
        sa.Column("copied_from", sa.Text, nullable=True),
        sa.Column("deleted", sa.Double, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_saved_session"),
        sa.ForeignKeyConstraint(["content_id"], ["frozen_content.id"], name="fk_saved_session_content_id"),
        sa.CheckConstraint("visibility IN ('private', 'team', 'link')", name="ck_saved_session_visibility"),
    )
    op.create_index("ix_saved_session_author_changed", "saved_session", ["author", "changed"])
    op.create_index("ix_saved_session_visibility_changed", "saved_session", ["visibility", "changed"])
    op.create_index("ix_saved_session_content_id", "saved_session", ["content_id"])
    op.create_index("ix_saved_session_deleted", "saved_session", ["deleted"])
    op.create_table(
        "share_link",
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("content_id", sa.Text, nullable=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("view", sa.Text, nullable=True),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("expires", sa.Double, nullable=True),
        sa.Column("revoked", sa.Double, nullable=True),
        sa.PrimaryKeyConstraint("token", name="pk_share_link"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["saved_session.id"], name="fk_share_link_session_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["content_id"], ["frozen_content.id"], name="fk_share_link_content_id"),
    )
    op.create_index("ix_share_link_session_id", "share_link", ["session_id"])
    op.create_index("ix_share_link_content_id", "share_link", ["content_id"])
    op.create_table(
        "draft",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("visit", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("saved", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("owner", "visit", name="pk_draft"),
    )
    op.create_index("ix_draft_saved", "draft", ["saved"])
    op.create_table(
        "job_record",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("ended", sa.Double, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_job_record"),
    )
    op.create_index("ix_job_record_owner", "job_record", ["owner"])
    op.create_index("ix_job_record_status", "job_record", ["status"])
