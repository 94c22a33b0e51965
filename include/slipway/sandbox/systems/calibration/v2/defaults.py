"""The default calibration: percent on floor, median and ceiling of each position."""

DEFAULTS = {
    "QB": (5, 0, -5),
    "RB": (10, 8, -10),
    "WR": (8, 5, -12),
    "TE": (10, 7, -10),
    "K": (0, 0, 0),
    "DST": (0, 0, 0),
}
