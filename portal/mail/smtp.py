"""Mail by SMTP. Patient where haste would send a mail twice: at the end of its data."""

from __future__ import annotations

import smtplib
from typing import Any

from django.core.mail.backends import smtp

# A server that looks through a mail before it says yes may take so long (RFC 5321, 4.5.3.2.6). Who does not wait sends
# again what has been taken.
SECONDS_AFTER_DATA = 600.0


class Patient(smtplib.SMTP):
    def data(self, msg: Any) -> tuple[int, bytes]:
        assert self.sock is not None
        ordinary = self.sock.gettimeout()
        self.sock.settimeout(SECONDS_AFTER_DATA)
        try:
            return super().data(msg)
        finally:
            if self.sock is not None:
                self.sock.settimeout(ordinary)


class PatientOverTls(Patient, smtplib.SMTP_SSL):
    """The same, where TLS begins with the connection."""


class EmailBackend(smtp.EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return PatientOverTls if self.use_ssl else Patient
