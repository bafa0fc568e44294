"""Training: from stellar libraries and models to a frozen network (paper, Section 3.2)."""
