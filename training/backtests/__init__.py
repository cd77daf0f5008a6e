"""Backtests: rolling origins that see only what was known then, judged by what came."""
