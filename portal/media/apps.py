"""The media room: storage, decoding and delivery of audio files."""

from django.apps import AppConfig


class MediaConfig(AppConfig):
    name = "portal.media"
    label = "media"
    verbose_name = "Media"
