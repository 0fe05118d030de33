"""What the Python scripts of the testbed share: the settings that `up` wrote, and kubectl as an administrator."""

import json
import os
import pathlib
import shlex
import subprocess
import sys

FOLDER = pathlib.Path(
    os.environ.get("RINGWAY_TESTBED")
    or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ringway-testbed"
)


def fail(message):
    sys.exit(f"testbed: {message}")


def settings():
    """The variables of run/env, which is a file of shell `export`s."""
    try:
        text = (FOLDER / "run" / "env").read_text()
    except FileNotFoundError:
        fail(f"it is not up; start it with {pathlib.Path(__file__).parent / 'up'}")
    words = shlex.split(text.replace("export ", ""))
    return dict(word.split("=", 1) for word in words)


def kubectl(*arguments, objects=None, check=True):
    """Runs kubectl and returns its output; `objects` are given to it as a List on standard input."""
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}) if objects is not None else None
    command = [FOLDER / "bin" / "kubectl", "--kubeconfig", FOLDER / "run" / "admin.kubeconfig", *arguments]
    done = subprocess.run(command, input=given, text=True, capture_output=True)
    if check and done.returncode != 0:
        fail(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
