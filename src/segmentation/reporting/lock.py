"""The lock of a run folder: a second run is told who holds it; after a kill the next run waits until the killed one's kernels are gone."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from ..errors import LockedError
from ..workspace import write_bytes

__all__ = ["RunLock"]

PATIENCE = 30.0  # seconds; a kernel notices within one or two that its run is gone, unless it is deep in compiled code


class RunLock:
    """Holds a run folder as long as the ``with`` block lasts.

    Parameters
    ----------
    folder : Path
        Made if it is not there.

    Raises
    ------
    LockedError
        On entering, if a run that is alive holds it; the message names its process and when it started.
    """

    def __init__(self, folder: Path):
        from filelock import FileLock

        folder.mkdir(parents=True, exist_ok=True)
        self.lock = FileLock(folder / "run.lock")
        self.owner = folder / "run.owner.json"

    @property
    def held(self) -> tuple[int, ...]:
        """File numbers that hold the lock, for the kernels of this run."""
        number = self.lock._context.lock_file_fd
        return () if number is None else (number,)

    def __enter__(self) -> RunLock:
        from filelock import Timeout

        try:
            self.lock.acquire(timeout=PATIENCE if self._owner_is_dead() else 0)
        except Timeout:
            owner = self._read_owner()
            who = f"process {owner.get('process', '?')} started {owner.get('started', '?')}"
            raise LockedError(f"another run is writing this report ({who}); wait for it or stop it") from None
        started = time.strftime("%Y-%m-%d %H:%M:%S")
        write_bytes(self.owner, json.dumps({"process": os.getpid(), "started": started}).encode())
        return self

    def __exit__(self, *exception: object) -> None:
        self.owner.unlink(missing_ok=True)
        self.lock.release()

    def _read_owner(self) -> dict[str, object]:
        return json.loads(self.owner.read_text()) if self.owner.exists() else {}

    def _owner_is_dead(self) -> bool:
        """True if a run named itself here and its process is gone: it was killed."""
        number = self._read_owner().get("process")
        if not isinstance(number, int) or os.name != "posix":
            return False
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False
