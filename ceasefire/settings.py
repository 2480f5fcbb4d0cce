"""One settings file, read from the environment. A missing secret stops the start.

`CEASEFIRE_MODE` is `demo` (keys are made in the data folder, plain HTTP on loopback) or
`production` (keys come from files, secure cookies, two-step sign-in is forced). The refusals of
production mode stand in `ceasefire/local/guard.py`.
"""

import os
import sys
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from ceasefire.local import guard

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

MODE = guard.mode(os.environ)
PRODUCTION = MODE == guard.PRODUCTION
TESTING = "pytest" in sys.modules
DATA_DIR = Path(env.str("CEASEFIRE_DATA_DIR", default=str(BASE_DIR / "var")))

guard.refuse(guard.check_environment(os.environ))
if PRODUCTION:
    SECRET_KEY_FILE = env.str("SECRET_KEY_FILE")
    VAULT_KEYS_FILE = env.str("VAULT_KEYS_FILE")
    BLIND_INDEX_KEY_FILE = env.str("BLIND_INDEX_KEY_FILE")
else:
    _keys = guard.demo_keys(DATA_DIR)
    SECRET_KEY_FILE = str(_keys.secret_key_file)
    VAULT_KEYS_FILE = str(_keys.vault_keys_file)
    BLIND_INDEX_KEY_FILE = str(_keys.blind_index_key_file)
SECRET_KEY = Path(SECRET_KEY_FILE).read_text(encoding="utf-8").strip()

DEBUG = False
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS",
    default=[] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]", "testserver"],
)
if not PRODUCTION and env.str("HOST", default=""):
    ALLOWED_HOSTS.append(env.str("HOST"))

INSTALLED_APPS = [
    "ceasefire.database",
    "ceasefire.codes",
    "ceasefire.places",
    "ceasefire.people",
    "ceasefire.jobs",
    "ceasefire.audit",
    "ceasefire.rulesets",
    "ceasefire.worklist",
    "ceasefire.vault",
    "ceasefire.exports",
    "ceasefire.attachments",
    "ceasefire.look",
    "ceasefire.api",
    "ceasefire.accounts",
    "ceasefire.oversight",
    "incidents",
    "outreach",
    "grants",
    "ceasefire.reports",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "ceasefire.look.headers.SafeHeadersMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    # Before the session: a device speaks by its token alone, a browser by its session alone.
    "ceasefire.api.middleware.DeviceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "ceasefire.people.middleware.LiveSessionMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "ceasefire.people.middleware.SecondStepMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # Tells the audit trail where a request comes from.
    "ceasefire.audit.origin.OriginMiddleware",
    # Last: it runs the view itself, inside the person's own database session.
    "ceasefire.database.middleware.DatabaseSessionMiddleware",
]

ROOT_URLCONF = "ceasefire.urls"
WSGI_APPLICATION = "ceasefire.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ceasefire.look.context_processors.look",
            ],
        },
    },
]

# --- the database -------------------------------------------------------------------------------
# The web and the worker sign in as the application; migrations as the owner. Where only
# DATABASE_URL is given (demo, tests) it is the owner's, and every connection steps down to the
# application's role at once (ceasefire.database.apps).
AS_OWNER = env.bool("CEASEFIRE_AS_OWNER", default=False)
# Where nothing is given (a command by hand in a checkout), the running embedded services are meant.
_embedded = "postgres://{role}@/ceasefire?host=" + f"{DATA_DIR}/sockets"
_app_url = env.str("DATABASE_URL", default="") or _embedded.format(role="ceasefire_app")
_owner_url = env.str("DATABASE_OWNER_URL", default="") or (
    _app_url if env.str("DATABASE_URL", default="") else _embedded.format(role="ceasefire_owner")
)
if AS_OWNER and _owner_url == guard.WITHHELD:
    guard.refuse(["this process was started without the owner's sign-in: use script/manage."])
DATABASES = {"default": env.db_url_config(_owner_url if AS_OWNER else _app_url)}
DATABASES["default"].update(
    {
        "CONN_MAX_AGE": 0 if TESTING else 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
    }
)
DATABASES["default"].setdefault("OPTIONS", {}).update(
    {"connect_timeout": 5, "application_name": "ceasefire"}
)
APP_ROLE = env.str("CEASEFIRE_APP_ROLE", default="ceasefire_app")
REO_ROLE = env.str("CEASEFIRE_REO_ROLE", default="ceasefire_reo")
#: True where one sign-in serves the owner and the application.
ONE_SIGN_IN = _owner_url == _app_url
#: True where the sign-in is the owner's and the connection must step down by itself.
STEP_DOWN = ONE_SIGN_IN and not AS_OWNER
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: a hint for speed, never the truth ---------------------------------------------------
REDIS_URL = (
    env.str("REDIS_URL", default="")
    or f"redis+socket://{DATA_DIR}/sockets/valkey.sock?virtual_host=0"
)
if REDIS_URL.startswith("unix://"):
    REDIS_URL = "redis+socket://" + REDIS_URL.removeprefix("unix://").replace(
        "?db=", "?virtual_host="
    )
CACHES = {
    # In PostgreSQL, so that a one-time code used once stays used when Redis is lost.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "database_cache",
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 1800
CELERY_TASK_SOFT_TIME_LIMIT = 1500
CELERY_TIMEZONE = "Asia/Baghdad"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "ceasefire.jobs.beat:SteadyScheduler"
CELERY_BEAT_SCHEDULE = {
    # Both only look at tables; correctness rests on unique rows, never on one beat being alone.
    "sweep the outbox": {"task": "ceasefire.jobs.tasks.sweep", "schedule": 30.0},
    "enter due periods": {
        "task": "ceasefire.jobs.tasks.enter_due_periods",
        "schedule": 300.0,
    },
}

# --- people and sign-in -------------------------------------------------------------------------
AUTH_USER_MODEL = "people.User"
#: User names are unique whatever their case, by a constraint that this check does not read.
SILENCED_SYSTEM_CHECKS = [
    "auth.W004",
    # A preload is for ever and for the whole domain: who wants it asks for it.
    "security.W021",
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "ceasefire.people.passwords.RoleMinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "ceasefire.people.passwords.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "ceasefire.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
# Lock-out is ours (ceasefire/people/lockout.py): by user and address together, in PostgreSQL.
ACCOUNT_RATE_LIMITS = False
ACCOUNT_FORMS = {"change_password": "ceasefire.accounts.second_step.CountedChangePasswordForm"}
MFA_FORMS = {
    "authenticate": "ceasefire.accounts.second_step.CountedAuthenticateForm",
    "reauthenticate": "ceasefire.accounts.second_step.CountedReauthenticateForm",
}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
MFA_ADAPTER = "ceasefire.accounts.sealed_secrets.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Ceasefire"
USERSESSIONS_TRACK_ACTIVITY = False
REQUIRE_MFA = env.bool("CEASEFIRE_REQUIRE_MFA", default=PRODUCTION)

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
#: Scripts take the token from the page, never from the cookie.
CSRF_COOKIE_HTTPONLY = True
#: Minutes without a request after which a session ends: field roles, office roles.
SESSION_IDLE_MINUTES = {
    "field": env.int("CEASEFIRE_IDLE_FIELD_MINUTES", default=10 if PRODUCTION else 60),
    "office": env.int("CEASEFIRE_IDLE_OFFICE_MINUTES", default=15 if PRODUCTION else 60),
}
SESSION_ABSOLUTE_HOURS = 12
#: The row ends with it; the cookie ends with the browser.
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_HOURS * 3600
#: How many proxies stand before gunicorn and may be believed about the client's address.
TRUSTED_PROXIES = env.int("CEASEFIRE_TRUSTED_PROXIES", default=0)

# --- transport and headers ----------------------------------------------------------------------
if PRODUCTION:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    LANGUAGE_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env.bool("CEASEFIRE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 31536000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = env.bool("CEASEFIRE_HSTS_PRELOAD", default=False)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
    CSRF_TRUSTED_ORIGINS = [
        f"https://{host}" for host in ALLOWED_HOSTS if not host.startswith(("*", "."))
    ]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
#: Pictures under the map, from one host of the deployer's choice; none by default, none is needed.
TILE_URL = env.str("CEASEFIRE_TILE_URL", default="")
TILE_CREDIT = env.str("CEASEFIRE_TILE_CREDIT", default="")
CSRF_FAILURE_VIEW = "ceasefire.look.errors.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = None

# --- languages, days, digits --------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ar", _("Arabic"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "ceasefire.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Baghdad"
LANGUAGE_COOKIE_SAMESITE = "Lax"
#: Pins `periods.today()` for reports and dashboards (never the 72-hour clocks).
CEASEFIRE_TODAY = env.str("CEASEFIRE_TODAY", default="")

# --- static files -------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "ceasefire.look.bundles.BundleFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = DATA_DIR / "files"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- log lines: no name, no phone, no request body ------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "ceasefire.database.log_lines.CarefulFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        # What breaks while an answer is streamed is logged by gunicorn, in its own way if let.
        "gunicorn.error": {"handlers": ["console"], "propagate": False},
        # A wrong host name is refused with 400; strangers shall not fill the log with it.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}

# --- mail -----------------------------------------------------------------------------------------
#: Where the links in mails lead: this site as people reach it.
PUBLIC_URL = env.str("CEASEFIRE_URL", default="") or (
    f"https://{next(iter(ALLOWED_HOSTS), 'localhost').lstrip('*.')}"
    if PRODUCTION
    else f"http://{env.str('HOST', default='127.0.0.1')}:{env.str('PORT', default='8000')}"
)
#: Without a server mails are laid into the data folder, one file each time.
EMAIL_HOST = env.str("EMAIL_HOST", default="")
EMAIL_TLS = env.str("EMAIL_TLS", default="starttls")
EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL_TLS == "starttls", EMAIL_TLS == "tls"
EMAIL_PORT = env.int("EMAIL_PORT", default=guard.MAIL_PORTS.get(EMAIL_TLS, 25))
EMAIL_HOST_USER = env.str("EMAIL_USER", default="")
EMAIL_HOST_PASSWORD = guard.mail_password(os.environ)
EMAIL_TIMEOUT = 30
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_BACKEND = "django.core.mail.backends." + (
    "smtp.EmailBackend" if EMAIL_HOST else "filebased.EmailBackend"
)
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="") or "no-reply@localhost"

if TESTING:
    PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        *PASSWORD_HASHERS,
    ]
    CELERY_BROKER_TRANSPORT_OPTIONS["socket_connect_timeout"] = 1
