"""What a newcomer hears first: two made-up clients, their people, three weeks of calls.

`dialogues.toml` is what is said, `build_audio.py` speaks it (once, by hand), `audio.py` reads what was built,
`cast.py` names the clients and `story.py` tells their weeks as facts. Nothing here knows Django.
"""
