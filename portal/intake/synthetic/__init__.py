"""Synthetic load: months of calls of made-up clients, for benchmarks and demonstrations.

    plan      which client gets how many legs, cut into batches over the period
    tenants   the clients with their groups and extensions
    telling   a batch's calls and legs, told by a seeded generator in arrays
    sound     a few short stereo clips, for those recordings that get audio
    loading   arrays -> COPY -> rows, counters with them, one transaction a batch

Rows are what the way in would have stored, except that there is no raw inbox behind them: nothing was sent.
"""
