"""`python -m benchmarks.outcomes FILE.parquet`: real models' recorded answers, replayed through the market."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

from benchmarks.outcomes.data import read_outcomes
from benchmarks.outcomes.report import reports
from benchmarks.outcomes.settings import read_settings
from benchmarks.tables import write_into_docs
from orchestrator.errors import VickreyError


def one_core() -> AbstractContextManager[object]:
    """Sums in one thread: the same digits whatever the number of cores, and small ones are faster so."""
    # A limit holds for libraries that are loaded by then: SciPy brings one of its own, scikit-learn another.
    import scipy.linalg  # noqa: F401
    import sklearn.decomposition  # noqa: F401
    from threadpoolctl import threadpool_limits

    limited: AbstractContextManager[object] = threadpool_limits(1)
    return limited


def main(arguments: list[str] | None = None) -> int:
    """Print the tables of one file, or one line that says why there are none."""
    try:
        settings = read_settings(arguments)
        record = read_outcomes(settings.path)
        data = record if settings.has_answers else record.without_answers()
        with one_core():
            for report in reports(settings, data):
                print(report.to_json() if settings.as_json else report.to_markdown() + "\n", flush=True)
                if settings.writes and not write_into_docs(report):
                    print(f"no page of the docs has a place for {report.name}", file=sys.stderr)
    except VickreyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
