"""What is kept of a device: enough to know one's own phone again, and nothing more.

django-allauth would keep the address and the whole user agent, model and build of the phone
included. The trail keeps a keyed hash of the address already (`ceasefire.audit.origin`).
"""

from typing import Any

#: The column of django-allauth does not take an empty address.
NO_ADDRESS = "0.0.0.0"  # noqa: S104 - a blank, nothing listens on it

# The first mark that is found counts: Edge and Opera call themselves Chrome, Chrome Safari.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def device_name(user_agent: str) -> str:
    """Browser and kind of device, e.g. `Chrome, Android`; `?` where neither is known."""
    found = (
        next((name for mark, name in marks if mark in user_agent), "")
        for marks in (_BROWSERS, _SYSTEMS)
    )
    return ", ".join(name for name in found if name) or "?"


def keep_little(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Before a row of the session list is written: no address, and the device's name only.

    A signal, since the table is django-allauth's, which writes it from several places.
    """
    instance.ip = NO_ADDRESS
    if instance.user_agent not in _kept_names():
        instance.user_agent = device_name(instance.user_agent)


def _kept_names() -> set[str]:
    browsers = {name for _mark, name in _BROWSERS}
    systems = {name for _mark, name in _SYSTEMS}
    return {"?", *browsers, *systems, *(f"{b}, {s}" for b in browsers for s in systems)}
