"""What goes wrong in the front door, said in a sentence for the person at the terminal."""


class Refused(Exception):
    """The command cannot do what was asked; the message says why and what would help. Exit code 1."""
