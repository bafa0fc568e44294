"""One self-contained HTML page that shows whether a run or a release is sound."""
