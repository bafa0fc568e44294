"""Spectra with known parameters: stars at rest, dressed as an instrument would deliver them."""
