"""Where countries are, roughly: enough to see that latitude and longitude were swapped.

West, south, east and north in degrees, with room for islands near the coast and territorial waters;
overseas territories are left out. A country that is not listed is not checked.
"""

from collections.abc import Mapping

from broadcaster.audience.areas.shape import UNIT

Box = tuple[float, float, float, float]

BOXES: Mapping[str, Box] = {
    "AE": (51.0, 22.4, 56.6, 26.4),
    "AT": (9.4, 46.2, 17.3, 49.2),
    "BE": (2.2, 49.3, 6.6, 51.8),
    "CH": (5.8, 45.7, 10.6, 48.0),
    "CI": (-8.8, 4.0, -2.3, 10.9),
    "DE": (5.5, 47.1, 15.3, 55.3),
    "DZ": (-8.9, 18.8, 12.2, 37.5),
    "EG": (24.5, 21.8, 37.2, 32.0),
    "ES": (-18.5, 27.3, 4.8, 44.2),
    "FR": (-5.8, 41.1, 9.9, 51.4),
    "GB": (-9.0, 49.5, 2.3, 61.2),
    "IE": (-11.0, 51.2, -5.7, 55.7),
    "IT": (6.3, 35.2, 18.9, 47.3),
    "JO": (34.7, 29.0, 39.5, 33.5),
    "KE": (33.7, -5.0, 42.2, 5.3),
    "LB": (34.8, 32.8, 36.9, 34.9),
    "LU": (5.6, 49.3, 6.7, 50.3),
    "LY": (9.2, 19.3, 25.5, 33.6),
    "MA": (-17.8, 20.5, -0.8, 36.3),
    "ML": (-12.5, 9.9, 4.5, 25.2),
    "MR": (-17.6, 14.5, -4.6, 27.5),
    "NG": (2.4, 3.8, 15.0, 14.1),
    "NL": (3.1, 50.5, 7.4, 53.8),
    "PT": (-31.5, 29.8, -6.0, 42.4),
    "SA": (34.2, 16.0, 56.0, 32.4),
    "SN": (-18.0, 12.1, -11.1, 16.9),
    "TN": (7.3, 30.0, 12.0, 37.8),
    "TR": (25.4, 35.6, 45.1, 42.4),
}


def outside(region: str, longitude: float, latitude: float) -> bool:
    """Tell whether a place is outside of a country; False where that is not known."""
    found = BOXES.get(region.upper())
    return found is not None and not _within(found, longitude, latitude)


def swapped(region: str, longitude: float, latitude: float) -> bool:
    """Tell whether a place is outside of a country, and would be in it the other way round."""
    found = BOXES.get(region.upper())
    if found is None or _within(found, longitude, latitude):
        return False
    return _within(found, latitude, longitude)


def box_swapped(region: str, box: tuple[int, int, int, int]) -> bool:
    """Tell whether a box of the grid is in a country the other way round, and not as it is."""
    west, south, east, north = (coordinate / UNIT for coordinate in box)
    return swapped(region, west, south) and swapped(region, east, north)


def box_outside(region: str, box: tuple[int, int, int, int]) -> bool:
    """Tell whether any corner of a box of the grid is outside of a country."""
    west, south, east, north = (coordinate / UNIT for coordinate in box)
    return outside(region, west, south) or outside(region, east, north)


def _within(box: Box, longitude: float, latitude: float) -> bool:
    west, south, east, north = box
    return west <= longitude <= east and south <= latitude <= north
