"""HTTP, pages, API, command line and the composition root."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from webapp.bootstrap import Application


def create_app(application: Application) -> Flask:
    """The WSGI application of one process."""
    from flask import Flask  # late: the command line starts without Flask
    from werkzeug.middleware.proxy_fix import ProxyFix

    from webapp import api, auth, errors, health, modules, pages, security
    from webapp.rules import LateRule

    app = Flask("webapp", static_folder="static", template_folder="templates")
    app.url_rule_class = LateRule
    app.config.update(
        SECRET_KEY=application.secret_key,
        MAX_CONTENT_LENGTH=application.settings.max_upload,
        PREFERRED_URL_SCHEME="https" if application.settings.secure_cookies else "http",
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # answers keep the order of the documentation
    app.extensions["obieg"] = application
    errors.register(app)
    auth.register(app)
    modules.register(app, application.settings)
    security.register(app, application.settings)
    health.register(app)
    api.register(app)
    pages.register(app)
    proxies = application.settings.trusted_proxies
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    return app
