"""Evaluation: how good a network is, and where it does not hold."""
