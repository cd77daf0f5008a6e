"""Why a row went to quarantine: the codes, and what each one means."""

__all__ = ["REASONS", "reason_of_check"]

REASONS: dict[str, str] = {
    "MALFORMED_LINE": "the line does not have as many cells as the header",
    "UNCLOSED_QUOTE": "a quote opens in the line and does not close before another row begins",
    "MISSING_VALUE": "a required value is blank",
    "EMPTY_KEY": "an identifier is empty",
    "BAD_NUMBER": "the text is not a number in the notation of the mapping",
    "BAD_TRUTH_VALUE": "the text is neither yes nor no",
    "BAD_TIME": "the text is not an instant in the format of the mapping",
    "AMBIGUOUS_TIME": "the local time occurs twice as clocks go back, and the mapping does not say which it is",
    "NONEXISTENT_TIME": "the local time is skipped as clocks go forward",
    "JUNK_VALUE": "the value is one that the mapping names as junk",
    "BELOW_BOUND": "the value is below what the contract allows",
    "ABOVE_BOUND": "the value is above what the contract allows",
    "UNKNOWN_CODE": "the value is not one of the codes of the contract",
    "PERIOD_REVERSED": "the period ends before it begins, or as it begins",
    "KNOWN_TOO_EARLY": "a measured value is said to be known before its interval began",
    "IMPLAUSIBLE_TIME": "a measurement from before 1970, or from more than a year ahead of this machine's clock",
    "ORPHAN_LINK": "the row points to something that no table holds",
}

_CHECKS = {
    "not_nullable": "MISSING_VALUE",
    "str_length": "EMPTY_KEY",
    "greater_than_or_equal_to": "BELOW_BOUND",
    "less_than_or_equal_to": "ABOVE_BOUND",
    "isin": "UNKNOWN_CODE",
}


def reason_of_check(check: str) -> str:
    """The reason code of a failed check of a contract's schema; KeyError for a check no contract uses."""
    return _CHECKS[check.split("(", maxsplit=1)[0]]
