"""The pages that people see."""

import importlib

from flask import Flask

MODULES = (
    "account",
    "people",
    "emergency",
    "substitutions",
    "activities",
    "activity_report",
    "after_sales",
    "answer_report",
    "approval_limits",
    "approval_report",
    "breaches",
    "calendar",
    "calls",
    "campaigns",
    "planner",
    "model_comparison",
    "notices",
    "team",
    "notifications",
    "resources",
    "cases",
    "choices",
    "consents",
    "contact_report",
    "contacts",
    "customer_edit",
    "customer_file",
    "customer_orders",
    "customers",
    "date_reminders",
    "definitions",
    "devices",
    "duplicates",
    "dunning_report",
    "form_choices",
    "imports",
    "mailings",
    "matter_report",
    "mass_edits",
    "message_texts",
    "document_comparison",
    "document_folders",
    "document_types",
    "document_work",
    "document_history",
    "document_sharing",
    "document_views",
    "documents",
    "inbox",
    "interactions",
    "invoices",
    "letters",
    "log",
    "migrations",
    "offers",
    "orders",
    "erp",
    "outbox",
    "payments",
    "record_links",
    "postponement_report",
    "price_lists",
    "print_batches",
    "products",
    "relation_report",
    "reports",
    "repair_report",
    "retention",
    "sales_report",
    "scan_inbox",
    "scopes",
    "operations",
    "opportunities",
    "packages",
    "search",
    "segments",
    "sending",
    "signatures",
    "start",
    "studio",
    "task_drafts",
    "task_together",
    "tasks",
    "templates",
    "tickets",
    "trail",
    "unusual_reads",
    "visit_report",
    "value_lists",
    "webhooks",
)


def register(app: Flask) -> None:
    """Serve every page, with its filters and its front end."""
    from webapp import assets
    from webapp.pages import formats, offer_answers, shared, shell, ticket_portal
    from webapp.pages.blueprint import blueprint

    assets.register(app)
    formats.register(app)
    shell.register(app)
    for name in MODULES:  # importing a module adds its routes to the blueprint
        importlib.import_module(f"webapp.pages.{name}")
    app.register_blueprint(blueprint)
    offer_answers.register(app)
    shared.register(app)
    ticket_portal.register(app)
