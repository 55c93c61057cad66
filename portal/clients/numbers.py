"""What the number of an extension may look like."""

# As ECMAScript, Django's validators and `re.fullmatch` all read it.
EXTENSION_NUMBER = r"^[^\s/\\*@]+$"
WHAT_IS_NEEDED = "no spaces or * @ / \\"
