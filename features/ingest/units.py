"""Units of sources and how they become the unit of a contract: value × scale + shift."""

from features.errors import ConfigError

__all__ = ["conversion"]

# Each family lists its units as (scale, shift) to one common unit of that family.
_FAMILIES: tuple[dict[str, tuple[float, float]], ...] = (
    {"W": (1e-3, 0.0), "kW": (1.0, 0.0), "MW": (1e3, 0.0), "GW": (1e6, 0.0)},
    {"VA": (1e-3, 0.0), "kVA": (1.0, 0.0), "MVA": (1e3, 0.0)},
    {"Wh": (1e-3, 0.0), "kWh": (1.0, 0.0), "MWh": (1e3, 0.0), "GWh": (1e6, 0.0), "MJ": (1 / 3.6, 0.0)},
    {"V": (1.0, 0.0), "kV": (1e3, 0.0)},
    {"ohm": (1.0, 0.0), "mohm": (1e-3, 0.0)},
    {"degC": (1.0, 0.0), "degF": (5 / 9, -160 / 9), "K": (1.0, -273.15)},
    {"%": (1.0, 0.0), "fraction": (100.0, 0.0), "okta": (12.5, 0.0)},
    {"1": (1.0, 0.0), "percent": (0.01, 0.0)},
    {"m/s": (1.0, 0.0), "km/h": (1 / 3.6, 0.0), "mph": (0.44704, 0.0), "knot": (1852 / 3600, 0.0)},
    # Radiation is often summed over the hour: joules per square metre, divided by 3600 seconds.
    {"W/m2": (1.0, 0.0), "kW/m2": (1e3, 0.0), "J/m2/h": (1 / 3600, 0.0), "J/cm2/h": (1e4 / 3600, 0.0)},
    {"mm": (1.0, 0.0), "cm": (10.0, 0.0), "inch": (25.4, 0.0)},
    {"deg": (1.0, 0.0)},
    {"m": (1.0, 0.0), "km": (1e3, 0.0)},
    {"hPa": (1.0, 0.0), "Pa": (0.01, 0.0), "kPa": (10.0, 0.0), "mmHg": (1013.25 / 760, 0.0)},
)


def conversion(unit: str, target: str, where: str) -> tuple[float, float]:
    """Scale and shift that take a value in `unit` to `target`; ConfigError when the two do not belong together."""
    if unit == target:
        return 1.0, 0.0
    for family in _FAMILIES:
        if target in family:
            if unit not in family:
                raise ConfigError(f"{where}: unit {unit!r} cannot become {target}; known: {', '.join(family)}")
            (scale, shift), (target_scale, target_shift) = family[unit], family[target]
            return scale / target_scale, (shift - target_shift) / target_scale
    raise ConfigError(f"{where}: the column has no unit that {unit!r} could become")
