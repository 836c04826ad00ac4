"""Pages of a few words, dark as all others: they need no script, no second file and no session."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from starlette.datastructures import Headers
from starlette.responses import Response

STYLE = (
    ":root{color-scheme:dark}"
    "body{display:grid;min-height:90vh;margin:0;place-content:center;padding:2em;"
    "background:#08090b;color:#c5cbd2;"
    'font:16px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",sans-serif}'
    "main{max-width:34em}"
    "h1{margin:0 0 .6em;font-size:1.5em;font-weight:500}"
    "p{margin:0 0 1em;overflow-wrap:anywhere}"
    "button{padding:.5em 1.2em;border:1px solid #3b5366;border-radius:4px;background:#172530;"
    "color:#d3e4f0;font:inherit;cursor:pointer}"
    "button:hover{background:#1f3240}"
    "button:focus-visible{outline:2px solid #8ec7ee;outline-offset:2px}"
)
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none';"
    " form-action {action}; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Button:
    """A form of one button, which posts to this server.

    Args:
        text: on the button.
        action: path that it posts to.
        fields: what it sends along, unseen.
    """

    text: str
    action: str
    fields: Mapping[str, str]

    def html(self) -> str:
        """The form."""
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in self.fields.items()
        )
        return (
            f'<form method="post" action="{escape(self.action)}">{hidden}'
            f"<button>{escape(self.text)}</button></form>"
        )


def notice(
    title: str, *paragraphs: str, status: int = 200, button: Button | None = None
) -> Response:
    """A page of a few words.

    Args:
        title: heading.
        paragraphs: plain text, one each.
        status: of the answer.
        button: what can be pressed, if anything.
    """
    words = "".join(f"<p>{escape(one)}</p>" for one in paragraphs)
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<meta name="color-scheme" content="dark">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{STYLE}</style>'
        f"</head><body><main><h1>{escape(title)}</h1>{words}{button.html() if button else ''}"
        "</main></body></html>"
    )
    answer = Response(page.encode(), status, media_type="text/html")
    action = "'self'" if button else "'none'"
    answer.headers["Content-Security-Policy"] = _POLICY.format(action=action)
    # Its own address may hold a token, which a referrer must not; under "no-referrer" the form
    # would be sent with the origin "null".
    answer.headers["Referrer-Policy"] = "strict-origin"
    return answer


def wanted(headers: Headers) -> bool:
    """Whether somebody asks who will look at the answer, and not one of our scripts."""
    return headers.get("sec-fetch-mode") == "navigate" or "text/html" in headers.get("accept", "")
