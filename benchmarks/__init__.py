"""Side-by-side measurements: each prints a ratio to something measured in the same run. See docs/benchmarks.md."""
