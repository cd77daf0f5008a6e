"""Distances between applicants and areas, in km."""

from typing import Protocol

import numpy as np

__all__ = ["Distance", "great_circle_km", "plane_km"]

_EARTH_KM = 6371.0088  # mean radius (IUGG)


class Distance(Protocol):
    """Distance in km from points (x, y) to points (x, y); arrays that broadcast against each other."""

    def __call__(self, x: np.ndarray, y: np.ndarray, to_x: np.ndarray, to_y: np.ndarray) -> np.ndarray: ...


def great_circle_km(x: np.ndarray, y: np.ndarray, to_x: np.ndarray, to_y: np.ndarray) -> np.ndarray:
    """Along the earth's surface, from longitudes x and latitudes y in degrees (haversine formula on a sphere)."""
    lon, lat, to_lon, to_lat = np.radians(x), np.radians(y), np.radians(to_x), np.radians(to_y)
    half = np.sin((to_lat - lat) / 2) ** 2 + np.cos(lat) * np.cos(to_lat) * np.sin((to_lon - lon) / 2) ** 2
    return np.asarray(2 * _EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))


def plane_km(x: np.ndarray, y: np.ndarray, to_x: np.ndarray, to_y: np.ndarray) -> np.ndarray:
    """In the plane, from coordinates that are km already."""
    return np.asarray(np.hypot(np.asarray(to_x) - x, np.asarray(to_y) - y))
