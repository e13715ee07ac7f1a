"""How SQLite would answer a query: what must not depend on the size of a table must not scan it."""

from pathlib import Path

from datasouk.sqlite import connect
from datasouk.storage.database import Database
from datasouk.storage.migrate import migrate


class Recorder(Database):
    """A database that keeps the queries it was asked."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.queries: list[tuple[str, tuple[object, ...]]] = []

    def one(self, query: str, *arguments: object) -> None:
        self.queries.append((query, arguments))

    def all(self, query: str, *arguments: object) -> list[object]:  # type: ignore[override]
        self.queries.append((query, arguments))
        return []


def steps(path: Path, query: str, arguments: tuple[object, ...]) -> list[str]:
    """The steps of a plan, such as "SEARCH packet USING PRIMARY KEY (device=?)"."""
    connection = connect(path)
    migrate(connection)
    found = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", arguments)]
    connection.close()
    return found


def check_no_scan(path: Path, recorder: Recorder) -> None:
    assert recorder.queries
    for query, arguments in recorder.queries:
        plan = steps(path, query, arguments)
        assert plan
        assert not [step for step in plan if step.startswith("SCAN") or "TEMP B-TREE" in step], (query, plan)
