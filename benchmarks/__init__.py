"""One module per measured bar; `make bench-ID` runs `benchmarks.ID`."""
