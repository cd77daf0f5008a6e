"""Splits, metrics, demand and peak models, the registry, and the jobs that train and judge them."""
