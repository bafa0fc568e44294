"""The paper's training labels, assembled from catalogues (Section 2.2, Appendices A and B.1)."""
