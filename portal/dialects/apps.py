from django.apps import AppConfig


class DialectsConfig(AppConfig):
    name = "portal.dialects"
    label = "dialects"

    def ready(self) -> None:
        from cdrs.signals import calls_moved
        from portal.dialects.ringme import notices as ringme
        from portal.dialects.ringme.recorded import complete
        from portal.live.signals import going_out
        from portal.live.subscribing import SPOKEN

        calls_moved.connect(ringme.tell, dispatch_uid="ringme_notices")
        going_out.connect(complete, dispatch_uid="ringme_recorded")
        SPOKEN.append(ringme.DIALECT)
