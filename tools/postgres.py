"""Find a PostgreSQL for the tests of the store, or get one where that is allowed; start it for a while.

``python tools/postgres.py`` prints the folder of its programs. Where there is none it installs Debian's
package, if it may do so without asking (apt-get as root or with passwordless sudo); else it says how to get
one and exits with 1. ``LODESTONE_POSTGRES`` names a folder of programs of one's own choice.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = ("initdb", "postgres")
#: where packages put what is not on the PATH; the newest version goes first
FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
ACCOUNT = "postgres"
START_S = 60.0
HOW_TO_GET_ONE = """\
No PostgreSQL was found for the tests of the store. Any one of these helps:
  Debian, Ubuntu   sudo apt-get install postgresql
  Fedora           sudo dnf install postgresql-server
  macOS            brew install postgresql@17
or name the folder of an installed one: LODESTONE_POSTGRES=/path/to/bin make test
Its tests start a server of their own in a temporary folder; as root they need an account named postgres."""


def find_programs() -> Path | None:
    """Folder of PostgreSQL's server programs: LODESTONE_POSTGRES, the PATH, where packages put them.

    Raises
    ------
    FileNotFoundError
        LODESTONE_POSTGRES names a folder without them.
    """
    chosen = os.environ.get("LODESTONE_POSTGRES")
    if chosen:
        if not _has_programs(Path(chosen)):
            raise FileNotFoundError(
                f"LODESTONE_POSTGRES is {chosen}, where initdb and postgres are not. Correct or unset it."
            )
        return Path(chosen)
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    for pattern in FOLDERS:
        folders = Path("/").glob(pattern.removeprefix("/"))
        found += sorted(folders, key=_version, reverse=True)
    return next(filter(_has_programs, found), None)


def install_with_apt() -> bool:
    """Install Debian's postgresql where that needs no password; True where apt-get ran to its end."""
    if shutil.which("apt-get") is None:
        return False
    prefix: list[str] = []
    if os.geteuid() != 0:
        if (
            shutil.which("sudo") is None
            or subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode
        ):
            return False
        # sudo drops the environment, so the setting is passed on its command line
        prefix = ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    print("No PostgreSQL was found; installing the package postgresql for its tests.", file=sys.stderr)
    steps = (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "postgresql"],
    )
    for step in steps:
        command = [*prefix, *step]
        if subprocess.run(command, env=environment, stdout=sys.stderr, stdin=subprocess.DEVNULL).returncode:
            return False
    return True


@contextlib.contextmanager
def temporary_server(programs: Path, durable: bool = False) -> Iterator[str]:
    """Run a PostgreSQL of our own, reached through a socket in its temporary folder; yields its address.

    Parameters
    ----------
    programs : folder of initdb and postgres
    durable : wait for the disk as a real server does; tests need not

    Raises
    ------
    RuntimeError
        It cannot be started; the message ends with what it said.
    """
    # a socket's path has room for about 100 characters, so the folder lies right below the temporary one
    folder = Path(tempfile.mkdtemp(prefix="lodestone-pg-"))
    account = {}
    try:
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            account = {"user": ACCOUNT, "group": ACCOUNT, "extra_groups": []}
            try:
                shutil.chown(folder, ACCOUNT, ACCOUNT)
            except LookupError as error:
                raise RuntimeError(
                    f"PostgreSQL does not run as root, and there is no account {ACCOUNT} to run it as."
                ) from error
        cluster = folder / "cluster"
        made = subprocess.run(
            [
                programs / "initdb",
                "-D",
                cluster,
                "-U",
                ACCOUNT,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-N",
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            **account,
        )
        if made.returncode:
            raise RuntimeError(f"PostgreSQL's initdb failed: {made.stderr.strip()[-2000:]}")
        command = [programs / "postgres", "-D", cluster, "-k", folder, "-c", "listen_addresses="]
        if not durable:
            command += ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **account)
        try:
            _wait_until_ready(server, cluster, folder / "log")
            yield f"postgresql://{ACCOUNT}@/postgres?host={folder}"
        finally:
            server.send_signal(2)  # SIGINT: ends all connections and stops
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(server: subprocess.Popen, cluster: Path, log: Path) -> None:
    """Wait for the line in postmaster.pid that says so; it needs no client program."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError, IndexError):
            if (cluster / "postmaster.pid").read_text().splitlines()[7].strip() == "ready":
                return
        time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace').strip()[-2000:]}")


def _has_programs(folder: Path) -> bool:
    return all(os.access(folder / program, os.X_OK) for program in PROGRAMS)


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", str(folder)))


def main() -> int:
    """Print the folder of the programs, installing them where that is allowed; 1 where there are none."""
    try:
        programs = find_programs()
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    if programs is None and install_with_apt():
        programs = find_programs()
    if programs is None:
        print(HOW_TO_GET_ONE, file=sys.stderr)
        return 1
    print(programs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
