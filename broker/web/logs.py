"""Log lines as JSON: one object a line, so that nothing received can forge a second line (SECURITY 9, log injection)."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_MAX_FIELD = 4000


class JsonLines(logging.Formatter):
    """time, level, logger, message, the `extra` fields, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage()[:_MAX_FIELD],
        }
        line |= {name: _plain(value) for name, value in vars(record).items() if name not in _STANDARD and name not in line}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # ASCII only: U+2028, CR and LF arrive escaped in whatever reads the log.
        return json.dumps(line, ensure_ascii=True)


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else str(value)[:_MAX_FIELD]


def configure_logs(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (standard error) as JSON. Called once at start."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # It announces its database at every look at the version: at every command and every readiness check.
    logging.getLogger("alembic").setLevel(logging.WARNING)
