"""What applications may do, in people's words."""

from __future__ import annotations

DEEDS_IN_WORDS = {
    "cdr:read": "See calls: who called whom, when and for how long",
    "record:read": "Listen to recordings, read their transcripts and download them",
    "record:link": "Make lasting links to recordings that open without signing in",
    "record:delete": "Delete recordings",
    "voicemail:read": "Listen to voice messages",
    "voicemail:delete": "Delete voice messages",
    "archive:create": "Prepare archives of recordings",
    "archive:read": "Fetch archives of recordings",
    "events:read": "Follow calls while they happen",
    "events:write": "Have events of calls sent to addresses of its own",
    "config:read": "See users, groups, extensions and settings",
    "config:write": "Change users, groups, extensions and settings",
    "hold:write": "Place and lift legal holds",
    "audit:read": "Read who did what",
    "intake:write": "Bring in calls and recordings",
}


def in_words(deeds: frozenset[str]) -> list[str]:
    return [words for deed, words in DEEDS_IN_WORDS.items() if deed in deeds]
