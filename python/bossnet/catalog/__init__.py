"""Catalogues: results as files in the formats of the field (`astra export`)."""
