"""The harness: experiments, cells, results, statistics and reports. `benchmarks.experiments` holds every experiment."""
