"""How openly a project works: a score from its reports, stars for people to see, and what can be followed."""

from __future__ import annotations

from typing import Any

import numpy as np


def project_score(delay_days: Any, corrections: Any) -> Any:
    """Score in (0, 1] of a project, or of many at once: 1 for reports on time and nothing to correct.

    `delay_days` is the mean delay of its reports. A month late halves the score, and so do two published
    corrections (A).
    """
    return 1.0 / (1.0 + np.maximum(delay_days, 0.0) / 30.0 + corrections / 2.0)


def stars_of(score: Any) -> Any:
    """One to five stars, of one score or of many: which fifth of the scale the score lies in."""
    return np.clip(1 + np.floor(np.multiply(score, 5.0)).astype(np.int64), 1, 5)


def viewable_share(raised_fen: int, followed_fen: int) -> float:
    """Share of the money raised that can be followed to a reported use; 0 if nothing was raised."""
    if raised_fen <= 0:
        return 0.0
    return min(followed_fen, raised_fen) / raised_fen
