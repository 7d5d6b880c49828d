"""Hide credentials in text that is about to be shown."""

from __future__ import annotations

import re

_USER = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<user>[^\s/?#\"']+)@")
_SECRET_QUERY = re.compile(
    r"(?<=[?&])(?P<name>[\w.-]*(?:token|secret|passw|auth|key|signature)[\w.-]*=)(?P<value>[^\s&#\"']+)",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return `text` with the user part of every URL and secret query values starred out.

    The length stays, so that carets below a shown line still point at their place. The
    user of an `ssh` URL stays when no password follows it: there, it is part of the address.
    """
    if "@" in text:
        text = _USER.sub(_star_user, text)
    if "=" in text:
        text = _SECRET_QUERY.sub(lambda match: match["name"] + "*" * len(match["value"]), text)
    return text


def has_credentials(text: str) -> bool:
    """Tell whether `text` shows what `redact` would hide."""
    return redact(text) != text


def _star_user(match: re.Match[str]) -> str:
    if match["scheme"].lower().endswith("ssh") and ":" not in match["user"]:
        return match[0]
    return f"{match['scheme']}://{'*' * len(match['user'])}@"
