"""The process that walks the chains beside the one that builds the log anew; it loads next to nothing."""

from multiprocessing.connection import Connection as Pipe

import psycopg

from audit.walking import walk

OPTIONS = "-c timezone=utc -c lock_timeout=10000"


def tell_chains(url: str, there: Pipe) -> None:
    """Send how many entries have come so far as numbers, then the findings, or in a sentence why there are none."""
    try:
        with psycopg.connect(url, connect_timeout=10, options=OPTIONS) as driver:
            driver.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            driver.read_only = True
            there.send(walk(driver, lambda done, _: there.send(done)))
    except psycopg.Error as error:
        from storage.faults import translate  # what it needs takes half a second to load, for nothing mostly

        known = translate(error)
        if known is None:
            raise
        there.send(known.sentence)
