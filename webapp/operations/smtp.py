"""The SMTP server of the installation: encryption, log-in, and which refusals another try can mend."""

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage

from core.errors import DomainError, Unavailable
from core.settings import Settings
from crm.outbox.mail import MailRefused

PERMANENT = 500  # replies from here on are a refusal for good


class MailNotSetUp(DomainError):
    """No mail can be sent here, or the log-in is wrong."""

    code = "mail_not_set_up"


class MailServerAway(Unavailable):
    """The mail server cannot be reached, or asks to come again later."""

    code = "mail_server_away"


class SmtpServer:
    """Gives mail to an SMTP server; one connection per message."""

    def __init__(self, settings: Settings, *, context: ssl.SSLContext | None = None) -> None:
        self.largest = settings.mail_max_size
        self._settings = settings
        self._context = context

    @property
    def sender(self) -> str:
        """The address that mail comes from. Raises `MailNotSetUp` where no mail can be sent."""
        if not self._settings.mail_host:
            raise MailNotSetUp("This installation sends no mail; an administrator sets OBIEG_MAIL_HOST.")
        return self._settings.mail_from

    def deliver(self, message: EmailMessage, recipients: Sequence[str]) -> Sequence[str]:
        """Send it; the recipients that were refused while others were not."""
        settings, sender = self._settings, self.sender
        try:
            server = self._connect()
            try:
                self._log_in(server)
                return sorted(server.send_message(message, sender, list(recipients)))
            finally:
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused(error.recipients) from error
        except smtplib.SMTPResponseException as error:
            raise _response(error) from error
        except smtplib.SMTPNotSupportedError as error:
            raise MailNotSetUp(f"The mail server {settings.mail_host} cannot do what is set: {error}.") from error
        except ssl.SSLCertVerificationError as error:
            sentence = f"The certificate of the mail server {settings.mail_host} is not valid: {error.verify_message}."
            raise MailNotSetUp(sentence) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailServerAway(f"The mail server {settings.mail_host} cannot be reached or broke off.") from error

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        context = self._context or ssl.create_default_context()
        place = (settings.mail_host, settings.mail_port)
        if settings.mail_security == "tls":
            return smtplib.SMTP_SSL(*place, timeout=settings.mail_timeout, context=context)
        server = smtplib.SMTP(*place, timeout=settings.mail_timeout)
        if settings.mail_security == "starttls":
            try:
                server.starttls(context=context)
            except BaseException:
                server.close()
                raise
        return server

    def _log_in(self, server: smtplib.SMTP) -> None:
        settings = self._settings
        if not settings.mail_user:
            return
        if settings.mail_security == "none":
            sentence = "The mail server's password is not sent without encryption; set OBIEG_MAIL_SECURITY to starttls."
            raise MailNotSetUp(sentence)
        try:
            server.login(settings.mail_user, settings.mail_password)
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code < PERMANENT:
                raise
            sentence = f"The mail server {settings.mail_host} refuses the log-in {settings.mail_user}."
            raise MailNotSetUp(sentence) from error


def _refused(recipients: dict[str, tuple[int, bytes]]) -> DomainError:
    if any(code < PERMANENT for code, _ in recipients.values()):
        return MailServerAway("The mail server asks to come again later.")
    told = "; ".join(f"{each}: {_text(reason)}" for each, (_, reason) in sorted(recipients.items()))
    return MailRefused(f"The mail server refuses all recipients: {told}.", tuple(sorted(recipients)))


def _response(error: smtplib.SMTPResponseException) -> DomainError:
    told = f"{error.smtp_code} {_text(error.smtp_error)}"
    if error.smtp_code < PERMANENT:
        return MailServerAway(f"The mail server asks to come again later: {told}.")
    return MailRefused(f"The mail server refuses the message: {told}.")


def _text(reply: bytes | str) -> str:
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())[:200].rstrip(".")
