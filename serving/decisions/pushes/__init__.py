"""Offers of services: to whom, which, by which channel, or why not; pure functions of frames, policy and now."""
