"""Benchmarks: one module ``bench_<name>.py`` each, run by ``script/bench``."""
