"""Errors of the database that stop a request."""

from strategies.codes import Code, code


class DatabaseCode(Code):
    """Errors of the database that stop a request."""

    DATABASE_AWAY = code(
        "The database does not answer at the moment. Try again later.",
        when=(
            "The database does not answer, refuses the connection, or is read-only (503, `Retry-After`; in a part of "
            "an answer, 200)."
        ),
        do="Try again later. If the request had several mutations, check which of them were executed.",
    )
    DATABASE_BUSY = code(
        "The database is busy with other work. Try again soon.",
        when=(
            "Another program locks the database, all its connections or all its memory are in use, or a transaction "
            "was rolled back because of a conflict (503, `Retry-After`; in a part of an answer, 200)."
        ),
        do="Try again soon. If the request had several mutations, check which of them were executed.",
    )
    DATABASE_CORRUPT = code(
        "The database is damaged, or its file was deleted. The operator must restore it. Trying again does not help.",
        when=(
            "The database is damaged, tables are missing, or its SQLite file was deleted or replaced while the server "
            "is running (503, without `Retry-After`; in a part of an answer, 200)."
        ),
        do="Tell the operator, who must restore the database. Trying again does not help.",
    )
    DATABASE_FULL = code(
        "The database has no space left. The operator must free space. Then try again.",
        when="The database has no space left (503, `Retry-After`; in a part of an answer, 200).",
        do="Tell the operator, who must free space. Then try again.",
    )
    DATABASE_TIMEOUT = code(
        "The database stopped this request: it took too long, or an operator ended it. Request less at once.",
        when="The database stopped a statement: it took longer than `statement_timeout`, or an operator ended it.",
        do="Request less at once. If it happens again, tell the operator.",
    )
