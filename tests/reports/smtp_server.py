"""A mail server as a process of its own, by somebody else's library, that misbehaves as told.

    python smtp_server.py FOLDER [--tls CERTIFICATE KEY] [--login NAME PASSWORD]

It prints its port and keeps each mail it takes as a file. What it does to a mail stands in the
recipient's name: `refused` (for good), `busy` (for now), `early` (the line breaks before the text),
`late` (the text is taken and kept, and the line breaks before the answer), `unwanted` (the text is
read and refused).
"""

import argparse
import asyncio
import ssl
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    """Takes mails, or does not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        name = address.partition("@")[0]
        if name == "refused":
            return "550 5.1.1 no such mailbox"
        if name == "busy":
            return "450 4.2.1 try later"
        if name == "early":
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        name = envelope.rcpt_tos[0].partition("@")[0]
        if name == "unwanted":
            return "554 5.7.1 not wanted"
        number = len(list(self.folder.iterdir()))
        (self.folder / f"{number:03}.eml").write_bytes(envelope.content)
        if name == "late":
            server.transport.abort()
        return "250 OK"


async def serve(given: argparse.Namespace) -> None:
    """Answer until somebody ends the process."""
    context = None
    if given.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*given.tls)

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        told = [data.login.decode(), data.password.decode()] if data else None
        return AuthResult(success=told == given.login, handled=False)

    def make() -> SMTP:
        return SMTP(
            Keeper(given.folder),
            hostname="mail.test",
            tls_context=context,
            require_starttls=context is not None,
            authenticator=check if given.login else None,
            auth_required=bool(given.login),
            auth_require_tls=context is not None,
        )

    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--login", nargs=2)
    asyncio.run(serve(parser.parse_args()))
