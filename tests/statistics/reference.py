"""Reads the reference series and R's answers."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parent.parent / "reference" / "analytics"
SERIES = ("salmonella_agona", "salm_newport_germany", "ucdp_baghdad", "ucdp_basrah")
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "C0_default": {
        "years_back": 5,
        "periods": 1,
        "threshold": "delta",
        "alpha": 0.05,
        "p_threshold_trend": 0.05,
        "weeks_excluded": 3,
    },
    "C1_b3_np10_delta": {
        "years_back": 3,
        "periods": 10,
        "threshold": "delta",
        "alpha": 0.05,
        "p_threshold_trend": 0.05,
        "weeks_excluded": 3,
    },
    "C2_b3_np10_nb": {
        "years_back": 3,
        "periods": 10,
        "threshold": "nb",
        "alpha": 0.01,
        "p_threshold_trend": 1,
        "weeks_excluded": 26,
    },
    "C3_b5_np10_delta": {
        "years_back": 5,
        "periods": 10,
        "threshold": "delta",
        "alpha": 0.01,
        "p_threshold_trend": 0.05,
        "weeks_excluded": 3,
    },
    "C4_b5_np10_nb": {
        "years_back": 5,
        "periods": 10,
        "threshold": "nb",
        "alpha": 0.01,
        "p_threshold_trend": 1,
        "weeks_excluded": 26,
    },
    "C5_b5_np10_muan": {
        "years_back": 5,
        "periods": 10,
        "threshold": "muan",
        "alpha": 0.01,
        "p_threshold_trend": 1,
        "weeks_excluded": 26,
    },
}
#: These do not depend on R's overwritten weights: everything must be the same.
EXACT = ("C2_b3_np10_nb", "C4_b5_np10_nb")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def series(name: str) -> tuple[np.ndarray, list[date] | None]:
    """Counts and first days of the weeks (None where the weeks have plain numbers)."""
    read = rows(FOLDER / "data" / f"{name}.csv")
    counts = np.array([float(row["observed"]) for row in read])
    if read[0]["epoch"].isdigit():
        return counts, None
    return counts, [date.fromisoformat(row["epoch"]) for row in read]


def column(read: list[dict[str, str]], name: str) -> np.ndarray:
    """A column of numbers; NA and empty are nan."""
    return np.array([float("nan") if row[name] in ("", "NA") else float(row[name]) for row in read])


def farrington_answers(name: str, configuration: str) -> list[dict[str, str]]:
    return rows(FOLDER / "farrington" / f"{name}__{configuration}.csv")


def ears_answers(name: str) -> list[dict[str, str]]:
    return rows(FOLDER / "ears" / f"{name}__ears.csv")


def same_gaps(ours: np.ndarray, theirs: np.ndarray) -> bool:
    return bool((np.isnan(ours) == np.isnan(theirs)).all())


def furthest(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest relative difference where both exist."""
    both = np.isfinite(ours) & np.isfinite(theirs)
    if not both.any():
        return 0.0
    scale = np.maximum(np.abs(theirs[both]), 1e-12)
    return float((np.abs(ours[both] - theirs[both]) / scale).max())
