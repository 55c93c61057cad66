"""What the ledger knows to say: a closed list. A new word is added here and in docs/audit.md."""

from django.db import models


class Action(models.TextChoices):
    # Coming in
    SIGN_IN = "sign_in", "Signed in"
    SIGN_IN_FAILED = "sign_in_failed", "Sign-in failed"
    SIGN_OUT = "sign_out", "Signed out"
    TOKEN_ISSUED = "token_issued", "Token issued"
    TOKEN_ENDED = "token_ended", "Token ended"
    # Hearing and taking out
    PLAYBACK = "playback", "Played"
    DOWNLOAD = "download", "Downloaded"
    SHARE = "share", "Link given"
    SHARE_USED = "share_used", "Link used"
    HEARD = "heard", "Seconds heard"
    EXPORT = "export", "Exported"
    ARCHIVE = "archive", "Archive asked for"
    ARCHIVE_READY = "archive_ready", "Archive sealed"
    ARCHIVE_DOWNLOAD = "archive_download", "Archive downloaded"
    ARCHIVE_CANCELLED = "archive_cancelled", "Archive cancelled"
    # Going
    DELETION = "deletion", "Deleted"
    RESTORE = "restore", "Restored"
    REMOVAL = "removal", "Removed for good"
    RETENTION = "retention", "Retention run"
    ERASURE = "erasure", "Erasure"
    HOLD_SET = "hold_set", "Hold set"
    HOLD_LIFTED = "hold_lifted", "Hold lifted"
    # Rights and settings
    RIGHTS = "rights", "Rights changed"
    SETTINGS = "settings", "Settings changed"
    CONFIG = "config", "Configuration changed"
    # The ledger itself
    AUDIT_EXPORT = "audit_export", "Ledger exported"
    AUDIT_PRUNED = "audit_pruned", "Ledger pruned"


class ActorKind(models.TextChoices):
    """`shell`: an operator's command on the machine itself. `portal`: a job of its own. `link`: whoever holds one.
    `token`: whoever holds the client's own.
    """

    USER = "user", "User"
    APPLICATION = "application", "Application"
    NOBODY = "nobody", "Somebody unknown"
    LINK = "link", "Storage link"
    TOKEN = "token", "Token"
    SHELL = "shell", "Operator's shell"
    PORTAL = "portal", "The portal"
