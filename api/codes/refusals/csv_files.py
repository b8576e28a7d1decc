"""Refusals about CSV files."""

from strategies.codes import Code, code


class CsvCode(Code):
    """Refusals about CSV files."""

    CSV_DUPLICATE_COLUMN = code(
        "{columns} are the same field, {name}. Rename or delete one of them.",
        email="Several columns are named email. Keep the one with the addresses.",
        when="Two columns have the same name, or two names for the same field.",
        do="Rename or remove one of the columns.",
    )
    CSV_EMPTY = code(
        "The file has no rows after the header. Add rows.",
        blank="The file is blank.",
        no_addresses="The file has no addresses.",
        when="The file has no rows after the header.",
        do="Add rows to the file.",
    )
    CSV_ENCODING = code(
        (
            "Line {line} is not UTF-8, and its encoding is not certain: it can be read as {readings}. Save the file as "
            "CSV UTF-8, or name its encoding."
        ),
        mixed="Line {line} is not UTF-8, but other parts of the file are. Save the file as CSV UTF-8.",
        other=(
            "The file is not in {encoding}: line {line} cannot be read. Save the file as CSV UTF-8, or name another "
            "encoding."
        ),
        unknown="{encoding!r} is not a known encoding. Known encodings: {known}.",
        when="The encoding of the file is not certain, or it is not the encoding that was named.",
        do="Save the file as CSV UTF-8, or name its encoding with `--encoding`.",
    )
    CSV_INVALID = code(
        "This is an Excel workbook or a zip file, not a CSV file. Save the sheet as CSV UTF-8.",
        cell=(
            "This cell seems to contain more rows: a quote may be missing at its start. Add the quote. These rows are "
            "not imported."
        ),
        header=(
            "Row {number}, the header, in {label}: this cell seems to contain more rows. A quote may be missing at its "
            "start. Add the quote."
        ),
        no_delimiter="The line sep= names no delimiter. Write sep=; or delete the line.",
        nul="Line {line} has a NUL character. Save the file as CSV UTF-8.",
        open_quote=(
            "The quote that opens in {place} is never closed. Close it, or write a quote inside a quoted cell twice "
            '("").'
        ),
        other_file="This is {kind}, not a CSV file. Save the sheet as CSV UTF-8.",
        row=(
            "{label} seems to contain more rows: a quote may be missing at the start of this cell. Add the quote. The "
            "row is not imported."
        ),
        utf_16="This is UTF-16 that was decoded with another encoding. Save the file as CSV UTF-8.",
        utf_8="This is UTF-8 that was decoded as windows-1252. Read the file as UTF-8 and send it again.",
        text_after_quote=(
            "The quote that opens in {place} closes on line {ends} and is followed by {rest!r}. Is a quote missing? A "
            'quote inside a quoted cell is written twice ("").'
        ),
        when=(
            "The text is not valid CSV: a quote is not closed, text follows a closing quote, or a cell seems to "
            "contain more rows. The message names the row, the line and the column."
        ),
        do='Close the quote. Write a quote inside a quoted cell twice (`""`).',
    )
    CSV_INVALID_COLUMN = code(
        (
            "The name of {column} cannot be the name of a dynamic field. Begin with a letter, use a-z, 0-9 and _, up "
            "to 50 characters, and no built-in name."
        ),
        when="The name of a column is not a valid name of a dynamic field.",
        do="Rename the column. Use a-z, 0-9 and _, and no built-in name.",
    )
    CSV_NO_EMAIL_COLUMN = code(
        "Row {row}, the header, has no column named email. Rename the column with the addresses. Columns: {columns}.",
        blank="The file is blank. It needs a header with a column named email, and rows under it.",
        no_header="Row {row} seems to be a person. The first row must be a header with a column named email.",
        suppressions="No column is named email. Rename the column with the addresses. Columns: {columns}.",
        when="No column is named email. A list of suppressed addresses can also have one address a line and no header.",
        do="Rename the column with the addresses to email.",
    )
    CSV_TOO_LARGE = code(
        "The file has more than {limit:,} rows. Split the file.",
        cells="Row {number} has more than {limit:,} cells. Delete the columns that are not needed.",
        columns="The file has {length:,} columns; the limit is {limit}. Delete the columns that are not needed.",
        file="The file has more than {limit:,} rows, blank ones included. Split the file.",
        header="The header has more than {limit:,} characters.",
        no_header="The first {limit:,} characters have no header.",
        row="Row {number} has more than {limit:,} characters.",
        suppressions="The file has more than {limit:,} rows. Use `touchline suppressions import`.",
        when=(
            "The file has more than 100,000 rows (5,000 for `importSuppressions`) or 200 columns, or a row has more "
            "than 16,384 cells."
        ),
        do="Split the file. `touchline suppressions import` takes any number of rows.",
    )
    CSV_UNNAMED_COLUMN = code(
        "Row {number} has {cell!r} in {column}, whose header cell is empty. Give the column a name, or delete it.",
        when="A column has content but no name in the header.",
        do="Give the column a name, or delete the column.",
    )
    GARBLED_TEXT = code(
        "{characters!r} appears when UTF-8 is decoded as windows-1252. Read the file as UTF-8 and import it again.",
        lost=(
            "A character was lost (U+FFFD) because the file was decoded with the wrong encoding. Save the file as CSV "
            "UTF-8."
        ),
        when="A cell was decoded with the wrong encoding: it has text such as `MÃ¼ller`, or a lost character (U+FFFD).",
        do="Read the original file in its own encoding, or save it as CSV UTF-8.",
    )
    TOO_MANY_CELLS = code(
        (
            "This row has {cell!r} in {column}, after the last of {width} columns. Put a cell that contains "
            "{delimiter!r} into quotes, or give the additional column a name."
        ),
        suppressions="This row has {cell!r} in {column}, after the last column. Write one address in each row.",
        when=(
            "A row has content after the last column, or a second address in a list of suppressed addresses. The row "
            "is not imported."
        ),
        do="Put a cell that contains the delimiter into quotes, or give the additional column a name.",
    )
