"""What the numbers of extensions, and outside numbers with their domains, may look like, and when two are the same."""

from __future__ import annotations

# As ECMAScript, Django's validators and `re.fullmatch` all read it.
EXTENSION_NUMBER = r"^[^\s/\\*@]+$"
WHAT_IS_NEEDED = "no spaces or * @ / \\"
OUTSIDE_NUMBER = r"^\+?[0-9A-Za-z][0-9A-Za-z._-]*$"
OUTSIDE_NEEDED = "Digits or letters without spaces are needed; a + may begin them."
DOMAIN = r"^[0-9A-Za-z._-]+(:[0-9]{1,5})?$"
DOMAIN_NEEDED = "A name like sip.example.com is needed."


def plain_rev(number: str | None) -> str:
    """Letters and digits alone, from the end on, as in `…_plain_rev` columns: by these numbers are compared, whole."""
    return "".join(character for character in number or "" if character.isascii() and character.isalnum())[::-1]
