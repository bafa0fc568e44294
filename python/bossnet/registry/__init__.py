"""From files to rows of the spectrum tables: what `astra ingest` does."""
