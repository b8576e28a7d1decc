"""Make the TLS context with which an account's server is checked."""

import logging
import ssl

from plugins import AccountUnavailableError
from plugins.codes import ChannelCode
from plugins.server_accounts.server import ServerSettings

log = logging.getLogger("touchline.accounts")


def trust(settings: ServerSettings) -> ssl.SSLContext:
    """Make the TLS context, with the system's certificate authorities or those of ``cafile``."""
    try:
        return ssl.create_default_context(cafile=settings.cafile)
    except OSError as error:
        log.error("cannot read the certificates in cafile=%s: %s", settings.cafile, error.strerror)
        unreadable = ChannelCode.CAFILE_UNREADABLE.message(fault=error.strerror or type(error).__name__)
        raise AccountUnavailableError(*unreadable, here=True) from error
