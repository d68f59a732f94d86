"""An index of cases' photos by their digest: every search in a gallery of another country asks for it."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_case_photo_sha256", "case_photo", ["sha256"])
