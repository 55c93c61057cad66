from django.apps import AppConfig


class DialectsConfig(AppConfig):
    name = "portal.dialects"
    label = "dialects"

    def ready(self) -> None:
        from cdrs.signals import calls_moved
        from portal.dialects.ringme import notices as ringme
        from portal.live.subscribing import SPOKEN

        calls_moved.connect(ringme.tell, dispatch_uid="ringme_notices")
        SPOKEN.append(ringme.DIALECT)
