"""First on the path of a run that a test wants killed: it dies at a moment of its own work, on a quick machine as on a busy one.

``KILL_AT`` is an audit event of Python, the end of a word it is about, and how many of them (default 1):
``os.rename .02_segments.sha256.json`` is when the first result of a stage lies in its place and is not yet on record. The runner's
process group gets SIGKILL; a kernel is in none, goes on, and finds out that it is alone, as after any kill.
"""

import os
import signal
import sys

event, place, *number = os.environ["KILL_AT"].split()
left = int(number[0]) if number else 1


def watch(happened: str, about: tuple[object, ...]) -> None:
    global left
    if happened == event and any(str(word).endswith(place) for word in about):
        left -= 1
        if left == 0:
            os.killpg(int(os.environ.get("JPY_PARENT_PID", os.getpid())), signal.SIGKILL)


sys.addaudithook(watch)
