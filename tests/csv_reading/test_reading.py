"""What spreadsheets and CRMs export is read; what has two meanings is refused with row, column and a remedy."""

import pytest

from api.csv_formulas import guarded
from api.csv_reading import Row, address_in, column_label, garbled, plain_name, read_table
from strategies import Refusal


def rows(text: str) -> list[Row]:
    return list(read_table(text, {"email"}).rows())


def refusal(text: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        rows(text)
    assert len(caught.value.message) < 400
    return caught.value


ADA = [Row(2, ["ada@example.com", "Ada"])]


@pytest.mark.parametrize(
    "text",
    [
        "email,name\nada@example.com,Ada",
        "\ufeffemail;name\r\nada@example.com;Ada\r\n",
        "email\tname\rada@example.com\tAda\r",
        "email|name\nada@example.com|Ada\n\n\n",
        'sep=;\n"email";"name"\n"ada@example.com";"Ada"',
        '"SEP=,"\r\nemail,name\r\nada@example.com,Ada',
        "sep=^\nemail^name\nada@example.com^Ada",
        "sep=,,\nemail,name\nada@example.com,Ada",
        "email,name,,\nada@example.com,Ada,,\n,,,\n",
        "email,name\nada@example.com,Ada,,,,\n",
        'email, "name"\n "ada@example.com" , "Ada" \n',
        "email,name\n\u200b\ufeffada@example.com\u00a0,\u00a0Ada\u200b\n",
        "email,name\r\nada@example.com,Ada\r\n\x1a",
        "email,name\nada@example.com,Ada\n;\t\n".replace(";\t", " , "),
    ],
)
def test_dialects(text: str) -> None:
    assert rows(text) == ADA
    assert read_table(text, {"email"}).header == ("email", "name")


@pytest.mark.parametrize("text", ["=1+1", "'=1+1", "''=1", "+49 30 1", "-Ann", "@here", "＝1", "'Ann", "''", "Ann"])
def test_a_cell_that_an_export_guards_is_read_as_it_was(text: str) -> None:
    assert rows(f"email,name\nada@example.com,{guarded(text)}") == [Row(2, ["ada@example.com", text])]
    assert rows(f"email,name\n{guarded('+' + text)},") == [Row(2, ["+" + text, ""])]


def test_rows_have_the_numbers_of_a_spreadsheet() -> None:
    text = '\n,\nemail,note\n\nada@example.com,"two\nlines"\n\n \nbob@example.com\n'
    assert rows(text) == [Row(5, ["ada@example.com", "two\nlines"]), Row(8, ["bob@example.com", ""])]


def test_the_delimiter_is_the_one_that_finds_the_column() -> None:
    assert rows('"Name, Vorname";email;"a,b,c"\nLovelace;ada@example.com;x') == [
        Row(2, ["Lovelace", "ada@example.com", "x"])
    ]
    assert read_table("email;a, b, c, d\nx;y", {"email"}).header == ("email", "a, b, c, d")
    assert read_table("email;\nx;y", {"email"}).delimiter == ";"
    assert read_table("name;town\nx;y", {"email"}).header == ("name", "town")


def test_a_quote_inside_an_unquoted_cell_is_text() -> None:
    assert rows('email,note\na@example.com,5" pipe\nb@example.com,"5"" pipe"\nc@example.com,""') == [
        Row(2, ["a@example.com", '5" pipe']),
        Row(3, ["b@example.com", '5" pipe']),
        Row(4, ["c@example.com", ""]),
    ]


def test_an_unclosed_quote_is_refused_with_its_place() -> None:
    problem = refusal('email,Company\n"a@example.com","two\nlines"\n\nb@example.com,"Acme\nc@example.com,Widgets\n')
    assert problem.code == "CSV_INVALID"
    assert "opens in row 4 (line 5 of the file), column B (Company)" in problem.message
    assert "never closed" in problem.message
    assert "row 1, column B" in refusal('email,"name\na@example.com,Ada').message
    later = refusal('email,name\na@example.com,"Ada\nb@example.com,"Bob"\n')
    assert "opens in row 2, column B (name) closes on line 3" in later.message
    assert "'Bob\"'" in later.message


def test_text_behind_a_closing_quote_is_refused() -> None:
    problem = refusal('email,name\na@example.com,"Ada" Lovelace\n')
    assert (problem.code, "is followed by 'Lovelace'" in problem.message) == ("CSV_INVALID", True)


def test_rows_that_a_cell_swallowed_are_found() -> None:
    table = read_table('email,name,note\na@example.com,Ada,"x\nb@example.com,Bob,y\nc@example.com,Carl,z"\n', {"email"})
    assert [table.row_inside(row, 0) for row in table.rows()] == [2]
    last = read_table('email,name,note\na@example.com,"Ada\nb@example.com,Bob",y\n', {"email"})
    assert [last.row_inside(row, 0) for row in last.rows()] == [1]
    fine = read_table('email,note\na@example.com,"Street 1, Ulm\nsee bob@example.com\n, and so on"\n', {"email"})
    assert [fine.row_inside(row, 0) for row in fine.rows()] == [None]


@pytest.mark.parametrize(
    "text",
    [
        'email,name\na@example.com,"x\nBob <b@example.com>,Bob"\n',
        'email;name;;\na@example.com;"x;;\nb@example.com;Bob;;\nc@example.com";Carl;;\n',
        'name\temail\nAda\t"x\nBob\tmailto:b@example.com"\n',
    ],
)
def test_rows_that_a_cell_swallowed_may_name_addresses_or_end_in_blanks(text: str) -> None:
    table = read_table(text, {"email"})
    (row,) = table.rows()
    assert table.row_inside(row, table.header.index("email")) == 1


def test_lines_of_any_width_are_found_on_demand() -> None:
    table = read_table('email,reason,on\na@example.com,"Asked\nb@example.com\nc@example.com",x\n', {"email"})
    (row,) = table.rows()
    assert (table.row_inside(row, 0), table.row_inside(row, 0, any_width=True)) == (None, 1)


def test_a_header_that_swallowed_rows_is_refused() -> None:
    swallowed = read_table('\nemail,"name,town\na@example.com,Ada,Ulm\nb@example.com,Bob,Bonn"\n', {"email"})
    with pytest.raises(Refusal, match="Row 2, the header, in column B") as refused:
        swallowed.check_header(0)
    assert refused.value.code == "CSV_INVALID"
    read_table('"E-Mail\nAddress","Name\n(first, last)"\na@example.com,Ada\n', {"e_mail_address"}).check_header(0)


def test_a_column_without_a_name_may_be_blank_but_not_filled() -> None:
    assert rows("email,,name\nada@example.com,,Ada") == [Row(2, ["ada@example.com", "", "Ada"])]
    problem = refusal("email,,name\nada@example.com,,Ada\nbob@example.com,x,Bob")
    assert problem.code == "CSV_UNNAMED_COLUMN"
    assert problem.message.startswith("Row 3 has 'x' in column B, whose header cell is empty.")


def test_a_cell_behind_the_header_is_kept_for_the_caller_to_refuse() -> None:
    assert rows("email,name,\nada@example.com,Acme, Inc.") == [Row(2, ["ada@example.com", "Acme", "Inc."])]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("sep=\nemail", "CSV_INVALID"),
        ("sep=x\nemail", "CSV_INVALID"),
        ("email\na\x00", "CSV_INVALID"),
        ("PK\x03\x04...", "CSV_INVALID"),
        ("ï»¿email\na@example.com", "CSV_INVALID"),
        ("email," + ",".join(f"c{number}" for number in range(200)), "CSV_TOO_LARGE"),
        ("email" + "," * 1_000_000, "CSV_TOO_LARGE"),
        ("email\n" + "," * 1_000_000, "CSV_TOO_LARGE"),
        ('email\n""' + "," * 1_000_000, "CSV_TOO_LARGE"),
    ],
)
def test_refused_files(text: str, code: str) -> None:
    assert refusal(text).code == code


@pytest.mark.parametrize("text", ["", "\ufeff\n , \n\n", "sep=;", '"",""\n'])
def test_a_blank_file_has_no_header(text: str) -> None:
    assert (read_table(text, {"email"}).header, rows(text)) == ((), [])


def test_a_wide_sheet_may_have_blank_columns_at_its_end() -> None:
    assert rows("email" + "," * 16_000 + "\na@example.com" + "," * 16_000) == [Row(2, ["a@example.com"])]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Größe", "groesse"),
        ("Gro\u0308\u00dfe", "groesse"),
        ("TELEFON (GESCHÄFTLICH)", "telefon_geschaeftlich"),
        ("Prénom", "prenom"),
        ("Société / Ville", "societe_ville"),
        ("Teléfono\u00a0nº", "telefono_no"),
        ("Příjmení", "prijmeni"),
        ("Fläche m²", "flaeche_m2"),
        ("名前", "名前"),
    ],
)
def test_names_have_no_accents(header: str, name: str) -> None:
    assert plain_name(header) == name


def test_names_and_letters_of_columns() -> None:
    assert [plain_name(name) for name in ("E-Mail Address", " First  Name* ", "Phone (1)", "Straße", "a__b_")] == [
        "e_mail_address",
        "first_name",
        "phone_1",
        "strasse",
        "a__b_",
    ]
    assert [column_label(index) for index in (0, 25, 26, 701, 702)] == [
        "column A",
        "column Z",
        "column AA",
        "column ZZ",
        "column AAA",
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "ada@example.com",
        "Ada Lovelace <ada@example.com>",
        '"Lovelace, Ada" <ada@example.com>;',
        "<ada@example.com>",
        "mailto:ada@example.com?subject=Hi",
        "MAILTO:ada%40example.com",
        "\u200b\u202aada@example.com\u202c\u00a0",
        "ada@example.com; ",
    ],
)
def test_addresses_in_cells(cell: str) -> None:
    assert address_in(cell) == "ada@example.com"


@pytest.mark.parametrize("cell", ["a@example.com, b@example.com", "a <a@example.com> <b@example.com>", "x" * 2_000])
def test_what_is_more_than_one_address_stays(cell: str) -> None:
    assert address_in(cell) == cell


@pytest.mark.parametrize(
    "text",
    [
        "M\ufffdller",
        *(name.encode().decode("cp1252", "replace") for name in ("Müller", "José", "Özil", "Søren", "O’Neil")),
    ],
)
def test_text_that_was_read_in_another_encoding(text: str) -> None:
    assert garbled(f"x {text}") is not None


@pytest.mark.parametrize("text", ["Müller", "JOÃO", "NESCAFÉ®", "IRMû", "O’Neil", "«Ã»", "Łódź", "Ada", "São Tomé"])
def test_text_that_only_looks_odd(text: str) -> None:
    assert garbled(text) is None
