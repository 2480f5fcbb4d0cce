"""Which version of the program made a report."""

import tomllib
from functools import lru_cache
from pathlib import Path

from django.conf import settings


@lru_cache(maxsize=1)
def software_version() -> str:
    """The program's own version, as its changelog has it; "" where no project file is shipped."""
    file = Path(settings.BASE_DIR) / "pyproject.toml"
    if not file.exists():
        return ""
    return str(tomllib.loads(file.read_text(encoding="utf-8"))["project"]["version"])
