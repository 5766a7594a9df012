"""Benchmarks: each prints ratios first, then raw figures, then the conditions they hold for."""
