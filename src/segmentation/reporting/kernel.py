"""One notebook in one fresh kernel, started so that no other kernel can meet it and ended so that none is left behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["execute_notebook"]

CELL_SECONDS = 900  # a cell that takes longer is stuck; the slowest of the sample takes seconds


def execute_notebook(
    source: Path, target: Path, parameters: dict[str, Any], *, held: tuple[int, ...] = ()
) -> dict[str, Any] | None:
    """Run a notebook and say how it ended; status comes from the exception, never from papermill's cell metadata.

    Parameters
    ----------
    source, target : Path
        The notebook and its executed copy, written also when a cell fails.
    parameters : dict
        Values for its parameters cell.
    held : tuple of int
        Open files the kernel keeps open as long as it lives: the lock of the run folder, so that the kernel of a killed run cannot
        write into the next one.

    Returns
    -------
    dict or None
        None if it ran to its end, else name, message, cell and trace of the error.
    """
    import papermill
    from jupyter_core.utils import ensure_event_loop
    from papermill.exceptions import PapermillExecutionError

    scratch = Path(tempfile.mkdtemp(prefix="seg"))
    options = {"kernel_manager_class": _kernel_class(scratch, held)} if os.name == "posix" else {}
    try:
        papermill.execute_notebook(
            str(source),
            str(target),
            parameters=parameters,
            progress_bar=False,
            log_output=False,
            kernel_name="python3",
            execution_timeout=CELL_SECONDS,
            shutdown_kernel="immediate",  # results are on disk before the last cell ends
            cwd=str(Path.cwd()),
            **options,
        )
    except PapermillExecutionError as error:
        trace = "\n".join(error.traceback)
        return {"name": error.ename, "message": error.evalue, "cell": error.cell_index, "trace": trace}
    except Exception as error:  # a dead kernel, a cell that hangs: whatever stopped it is reported with its notebook
        return {"name": type(error).__name__, "message": str(error), "cell": None}
    finally:
        ensure_event_loop().close()  # this thread's, left open by jupyter_client
        shutil.rmtree(scratch, ignore_errors=True)
    return None


def _kernel_class(scratch: Path, held: tuple[int, ...]) -> type:
    """A kernel manager whose kernel talks over files of its own, since kernels that start together race for ports."""
    from jupyter_client.manager import AsyncKernelManager

    class Kernel(AsyncKernelManager):
        def __init__(self, **options: Any):
            options |= {"transport": "ipc", "connection_file": str(scratch / "k.json"), "ip": str(scratch / "k")}
            super().__init__(**options)

        async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
            await super()._async_launch_kernel(kernel_cmd, **options, pass_fds=held)

    return Kernel
