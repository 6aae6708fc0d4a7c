"""What two runs of pytest at once come to."""

from __future__ import annotations

import pytest

from tools.tests import NOTHING_COLLECTED, status_of


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ((0, 0), 0),
        ((0, 1), 1),
        ((1, 0), 1),
        ((0, NOTHING_COLLECTED), 0),
        ((NOTHING_COLLECTED, NOTHING_COLLECTED), NOTHING_COLLECTED),
        ((NOTHING_COLLECTED, 2), 2),
    ],
)
def test_one_failed_run_fails_both(statuses: tuple[int, int], status: int) -> None:
    assert status_of(statuses) == status
