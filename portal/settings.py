"""All settings of the portal, and the only reader of the environment.

`manage.py` fills in what an embedded database and broker need (`DATABASE_URL`, `REDIS_URL`, `PORTAL_DATA`) before this
module is read; outside servers are named by the same variables. Every variable is described in docs/settings.md.
"""

import os
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from portal.local.secret_files import kept

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("PORTAL_DATA") or BASE_DIR / "var").resolve()


def kept_secret(name: str) -> str:
    """A random secret, made once and kept in the data directory where only the portal's own user can read it."""
    return kept(DATA_DIR / "secrets" / name)


def flag(name: str, default: str = "0") -> bool:
    return os.environ.get(name, default).lower() in {"1", "true", "yes", "on"}


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Addresses and networks (`10.0.0.0/8`), separated by commas. ValueError names the variable."""
    texts = [text.strip() for text in os.environ.get(name, "").split(",") if text.strip()]
    try:
        return [ip_network(text) for text in texts]
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


# ---------------------------------------------------------------- the installation

SECRET_KEY = os.environ.get("SECRET_KEY") or kept_secret("secret_key")
# Ed25519, for what must be proved to others (portal.audit.signing): a PEM, or a secret that the key is made from.
SIGNING_KEY_FILE = os.environ.get("SIGNING_KEY_FILE")
SIGNING_KEY = Path(SIGNING_KEY_FILE).read_text() if SIGNING_KEY_FILE else kept_secret("signing_key")
DEBUG = False
PORT = int(os.environ.get("PORTAL_PORT", "8000"))
PUBLIC_URL = (os.environ.get("PUBLIC_URL") or f"http://localhost:{PORT}").rstrip("/")
LIVE_URL = (os.environ.get("LIVE_URL") or f"http://localhost:{PORT + 1}").rstrip("/")
PUBLIC_HTTPS = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = [host for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host] or [
    "localhost",
    "127.0.0.1",
    "[::1]",
    urlsplit(PUBLIC_URL).hostname or "localhost",
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
# Addresses and networks of proxies whose X-Forwarded-For is believed.
TRUSTED_PROXIES = networks("TRUSTED_PROXIES")
EMBEDDED = flag("PORTAL_EMBEDDED")

# ---------------------------------------------------- PostgreSQL: an owner that migrates, a role that serves


def database(url: str) -> dict[str, object]:
    """Django's form of postgres://user:password@host:port/name; `?host=/dir` names a unix socket's directory."""
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "portal.access.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or unquote(parts.hostname or ""),
        "PORT": str(parts.port or query.pop("port", "")),
        "ATOMIC_REQUESTS": True,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": query,
    }


OWNER_DATABASE = database(os.environ.get("DATABASE_URL") or "postgres:///callvault")


def serving_database() -> dict[str, object]:
    if url := os.environ.get("DATABASE_SERVING_URL"):
        return database(url)
    return OWNER_DATABASE | {"USER": f"{OWNER_DATABASE['NAME']}_serving", "PASSWORD": kept_secret("serving_password")}


SERVING_DATABASE = serving_database()
AS_OWNER = os.environ.get("PORTAL_DATABASE_ROLE") == "owner"
# Web processes serve from a pool: a connection that died with the server is replaced before a request meets it.
POOL_SIZE = int(os.environ.get("DATABASE_POOL", "0"))
if POOL_SIZE:
    SERVING_DATABASE["OPTIONS"] = SERVING_DATABASE["OPTIONS"] | {  # type: ignore[operator]
        "pool": {"min_size": 2, "max_size": POOL_SIZE, "timeout": 10}
    }
DATABASES = {"default": dict(OWNER_DATABASE if AS_OWNER else SERVING_DATABASE)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---------------------------------------------------------------- Redis, Celery

REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or REDIS_URL.replace("unix://", "redis+socket://")
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A broker that is out must not hold a request or an import: the job is a row already, and the sweeper finds it.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_connect_timeout": 2, "socket_timeout": 30}
CELERY_BROKER_TRANSPORT_OPTIONS |= {"max_retries": 1, "interval_start": 0}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "callvault"
# Receivers of messages and mail servers may be slow: what goes out has workers of its own.
CELERY_TASK_ROUTES = {f"portal.{room}.tasks.deliver": {"queue": "messages"} for room in ("live", "mail")}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "run" / "beat")
CELERY_TIMEZONE = "UTC"

# ---------------------------------------------------------------- applications

INSTALLED_APPS = [
    "portal",
    "portal.access",
    "portal.audit",
    "portal.web",
    "portal.media",
    "portal.live",
    "portal.mail",
    "portal.clients",
    "portal.accounts",
    "portal.holds",
    "cdrs",
    "records",
    "archives",
    "archives.retention",
    "archives.person",
    "portal.intake",
    "portal.dialects",
    "portal.pages",
    "portal.local.demo",
    "portal.web.admin_site.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "oauth2_provider",
    "django_htmx",
    "drf_spectacular_sidecar",
    "axes",
    "csp",
]
MIDDLEWARE = [
    "portal.web.secret_links.Unlogged",
    "django.middleware.security.SecurityMiddleware",
    "portal.web.csp.ContentSecurityPolicy",
    "django.middleware.common.CommonMiddleware",
    "portal.web.browsers.ForBrowsers",
]
# Programs say who they are in each request and send no cookie: these addresses are not led through what follows.
PROGRAMS = (
    r"/+api/+(ver1\.0(?!/+client_api_explorer)|v2|recordings)(/|$)|/+cloud-web/+api/+v2(/|$)"
    r"|/+(internal-api|recordings)(/|$)|/intake/v1/|/+(archive|storage)/|/(healthz|readyz)$"
)
BROWSER_MIDDLEWARE = [
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.accounts.middleware.PrincipalMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
# These look for sessions, sign-in, messages and axes in MIDDLEWARE; they are in the list above.
SILENCED_SYSTEM_CHECKS = ["admin.E408", "admin.E409", "admin.E410", "axes.W002"]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
# Every dialect answers both forms of a path itself: a redirect would lose a POST body.
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.accounts.context.frame",
            ]
        },
    }
]

# ---------------------------------------------------------------- people and tokens

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "portal.accounts.backends.LoginBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["login", "first_name", "last_name", "email"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
AXES_HANDLER = "axes.handlers.cache.AxesCacheHandler"
AXES_USERNAME_FORM_FIELD = "username"  # of the sign-in form; the default would be the model's `login`
AXES_USERNAME_CALLABLE = "portal.accounts.throttle.login_of"
AXES_CLIENT_IP_CALLABLE = "portal.web.client_address.client_address"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # an address that guesses is locked, a login never is
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False  # its tables stay empty: attempts are kept in the cache
# Attempts to get in from one address, at sign-in and for tokens together.
ATTEMPTS_PER_SECOND = 20
ATTEMPTS_AT_ONCE = 6
# Not in a cookie: what is said to one person is no business of the browser's other pages.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_HTTPS

OAUTH2_PROVIDER_APPLICATION_MODEL = "accounts.Application"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "accounts.AccessToken"  # noqa: S105 - a model
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "accounts.RefreshToken"  # noqa: S105 - a model
OAUTH2_PROVIDER_GRANT_MODEL = "accounts.Grant"
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "accounts.IDToken"  # noqa: S105 - a model
OAUTH2_PROVIDER = {
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 86_400,  # after its access token's end; each use begins anew
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "CLIENT_SECRET_HASHER": "oneround",
    "OAUTH2_VALIDATOR_CLASS": "portal.accounts.validator.Validator",
    "OAUTH2_BACKEND_CLASS": "portal.accounts.oauth.TokenRequests",
    "SCOPES_BACKEND_CLASS": "portal.accounts.oauth.Scopes",
    "ALLOWED_SCHEMES": ["https", "http"],
    "ALLOW_LOCALHOST_LOOPBACK": True,
}
PASSWORD_HASHERS.append("portal.accounts.oauth.OneRoundHasher")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["portal.access.permissions.Nobody"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "portal.dialects.schema.DoorSchema",
    "UNAUTHENTICATED_USER": None,
}

# ---------------------------------------------------------------- archives

# What a manifest says of a recording and of a voice message: the native API's fields.
ARCHIVE_FIELDS = {
    "record": "portal.dialects.ringme.fields.RECORDS",
    "voicemessage": "portal.dialects.ringme.fields.MESSAGES",
    "call": "portal.dialects.ringme.call_fields.CALLS",
    "leg": "portal.dialects.ringme.fields.CDRS",
}

# ---------------------------------------------------------------- dialects

# vcc's tokens travel with each request: over lines that others can read too, where this is on.
VCC_PLAIN_HTTP = flag("VCC_PLAIN_HTTP")

# ---------------------------------------------------------------- live calls

# A current call that nobody has spoken of for so long is taken for one whose end was never told.
CURRENT_CALL_SILENCE = timedelta(hours=float(os.environ.get("CURRENT_CALL_HOURS", "12")))

# Networks beside the public internet that subscribers' addresses may lead to.
WEBHOOK_ALLOW = networks("WEBHOOK_ALLOW")
WEBHOOK_HTTP = flag("WEBHOOK_HTTP")
WEBHOOK_CA_FILE = os.environ.get("WEBHOOK_CA_FILE", "")

# ---------------------------------------------------------------- media: file:///dir or s3://bucket/prefix?endpoint=…

MEDIA_STORAGE = os.environ.get("MEDIA_STORAGE") or (DATA_DIR / "media").as_uri()


def media_storage(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    if parts.scheme == "file":
        return {"BACKEND": "portal.media.storage.FileStore", "OPTIONS": {"location": unquote(parts.path)}}
    if parts.scheme == "s3":
        return {
            "BACKEND": "portal.media.object_store.ObjectStore",
            "OPTIONS": {
                "bucket_name": parts.netloc,
                "location": parts.path.strip("/"),
                "endpoint_url": query.get("endpoint"),
                "region_name": query.get("region"),
                "addressing_style": "path" if query.get("endpoint") else "auto",
            },
        }
    raise ValueError(f"MEDIA_STORAGE: {parts.scheme or 'no'} scheme; file:///directory or s3://bucket/prefix is needed")


STORAGES = {
    "default": media_storage(MEDIA_STORAGE),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_MAX_BYTES = int(os.environ.get("MEDIA_MAX_BYTES", str(2 * 1024**3)))
# nginx's internal location for files (docs/deploy.md); empty: the portal sends them itself.
X_ACCEL_PREFIX = os.environ.get("X_ACCEL_PREFIX", "")
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# ---------------------------------------------------------------- what a browser gets

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "media-src": ["'self'"],
        "connect-src": ["'self'", LIVE_URL],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "manifest-src": ["'self'"],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if PUBLIC_HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PUBLIC_HTTPS else None
X_FRAME_OPTIONS = "DENY"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False

# ---------------------------------------------------------------- mail and logs


# Scheme of EMAIL_URL -> port, whether it becomes secure by STARTTLS, whether it is from the beginning.
MAIL_SCHEMES = {"smtp": (25, False, False), "smtp+tls": (587, True, False), "smtps": (465, False, True)}


def mail(url: str) -> dict[str, object]:
    """Django's settings for `file:///directory` or `smtp[+tls|s]://user:password@host:port?timeout=30`."""
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return {"EMAIL_BACKEND": "portal.mail.files.EmailBackend", "EMAIL_FILE_PATH": unquote(parts.path)}
    if parts.scheme not in MAIL_SCHEMES or not parts.hostname:
        raise ValueError("EMAIL_URL: file:///directory, smtp://host, smtp+tls://host or smtps://host is needed")
    port, starts_tls, tls = MAIL_SCHEMES[parts.scheme]
    return {
        "EMAIL_BACKEND": "portal.mail.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": starts_tls,
        "EMAIL_USE_SSL": tls,
        "EMAIL_TIMEOUT": float(query.get("timeout", "30")),
    }


EMAIL_FILE_PATH = ""  # where mail goes into files
globals().update(mail(os.environ.get("EMAIL_URL") or (DATA_DIR / "mail").as_uri()))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = (
    os.environ.get("EMAIL_FROM") or f"Callvault <callvault@{urlsplit(PUBLIC_URL).hostname or 'localhost'}>"
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    # What is out is logged by name, once a second; that /readyz answered so would bury it.
    "filters": {
        "news": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: record.getMessage() != "Service Unavailable: /readyz",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["news"]}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
    "loggers": {
        "portal": {"level": os.environ.get("LOG_LEVEL", "INFO")},
        # At DEBUG they print tokens.
        "oauthlib": {"level": "WARNING"},
        "oauth2_provider": {"level": "WARNING"},
    },
}
