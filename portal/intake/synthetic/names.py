"""Made-up people."""

FIRST_NAMES = (
    "Ada", "Ben", "Carla", "David", "Elena", "Frank", "Grace", "Hugo", "Irene", "Jonas", "Karin", "Liam", "Maria",
    "Nils", "Olivia", "Paul", "Quinn", "Rosa", "Simon", "Tessa", "Umar", "Vera", "Walter", "Xenia", "Yusuf", "Zoë",
    "Anton", "Bruna", "Celia", "Dario", "Emma", "Felix", "Gina", "Henry", "Ines", "Jack", "Kim", "Lena", "Marco",
    "Nora",
)  # fmt: skip
LAST_NAMES = (
    "Abel", "Berg", "Castro", "Dietz", "Evans", "Fischer", "Garcia", "Hansen", "Iqbal", "Jensen", "Keller", "Lopez",
    "Moreau", "Novak", "Olsen", "Price", "Quist", "Rossi", "Sato", "Turner", "Ueda", "Vogel", "Weber", "Xu", "Young",
    "Zeller", "Almeida", "Brandt", "Costa", "Dunn", "Engel", "Ford", "Gruber", "Holm", "Ivanova", "Jung", "Klein",
)  # fmt: skip


def person(number: int) -> str:
    """A name for a number; the lists have lengths without a common factor, so 1,480 names come before one returns."""
    return f"{FIRST_NAMES[number % len(FIRST_NAMES)]} {LAST_NAMES[number % len(LAST_NAMES)]}"
