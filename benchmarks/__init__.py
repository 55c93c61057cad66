"""What the portal costs, beside the limit and beside the ordinary way, measured in one run (docs/benchmarks.md).

`python -m benchmarks list page vcc ingest peaks`: each named module has `run(options: Options) -> list[Row]`.
"""
