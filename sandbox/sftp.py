"""The SFTP gateway as a server: tablets' bundles under `/tablet_vpn`, one key that is let in, one host key to know it by."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import asyncssh

HOST = "127.0.0.1"
USER = "department"


@dataclass(frozen=True)
class Access:
    """What a client needs: the settings `SANAQ_SFTP_*` of the pipeline."""

    port: int
    key: str
    known_hosts: Path

    @property
    def url(self) -> str:
        """Address of the folder of bundles."""
        return f"sftp://{USER}@{HOST}:{self.port}/tablet_vpn"

    def settings(self) -> dict[str, str]:
        """Return the environment variables."""
        return {
            "SANAQ_SFTP_URL": self.url,
            "SANAQ_SFTP_KEY": self.key,
            "SANAQ_SFTP_KNOWN_HOSTS": str(self.known_hosts),
        }


def access(keys: Path, port: int) -> Access:
    """Return how to come in at a port; the folder `keys` is filled with fresh keys where it holds none.

    Parameters
    ----------
    keys
        Folder of `host_key`, `client_key` and `known_hosts`.
    port
        Port the gateway listens on.
    """
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    host, client = _kept(keys / "host_key"), _kept(keys / "client_key")
    known_hosts = keys / "known_hosts"
    known_hosts.write_text(f"[{HOST}]:{port} {host.export_public_key().decode().strip()}\n")
    key = client.export_private_key().decode()
    return Access(port, key, known_hosts)


def _kept(path: Path) -> asyncssh.SSHKey:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    return asyncssh.import_private_key(path.read_bytes())


def serve(inbox: Path, keys: Path, port: int, announce: Callable[[Access], None]) -> None:
    """Serve an inbox on the loopback interface until interrupted.

    Parameters
    ----------
    inbox
        Folder that holds `tablet_vpn/`; nothing outside it is shown.
    keys
        Folder of the keys, see `access`.
    port
        Port, or 0 for a free one.
    announce
        Called with the way in before the first client is let in.
    """

    async def forever() -> None:
        listener = await _listening(inbox, keys, port)
        announce(access(keys, listener.get_port()))
        await asyncio.Event().wait()

    asyncio.run(forever())


@contextmanager
def running(inbox: Path, keys: Path, server: type[asyncssh.SFTPServer] = asyncssh.SFTPServer) -> Iterator[Access]:
    """Serve an inbox from a thread over the block; yields the way in.

    Parameters
    ----------
    server
        The kind of server; tests give one that misbehaves.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listener = asyncio.run_coroutine_threadsafe(_listening(inbox, keys, 0, server), loop).result(10)
    try:
        yield access(keys, listener.get_port())
    finally:
        loop.call_soon_threadsafe(listener.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _listening(
    inbox: Path, keys: Path, port: int, server: type[asyncssh.SFTPServer] = asyncssh.SFTPServer
) -> asyncssh.SSHAcceptor:
    (inbox / "tablet_vpn").mkdir(parents=True, exist_ok=True)
    access(keys, port)
    public = asyncssh.import_private_key((keys / "client_key").read_bytes()).export_public_key().decode()
    return await asyncssh.listen(
        HOST, port,
        server_host_keys=[asyncssh.import_private_key((keys / "host_key").read_bytes())],
        authorized_client_keys=asyncssh.import_authorized_keys(public),
        sftp_factory=partial(server, chroot=str(inbox).encode()),
        allow_scp=False, agent_forwarding=False,
    )  # fmt: skip
