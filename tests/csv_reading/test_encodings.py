"""Bytes are read by strict rules; where two encodings are possible the file is refused with both readings."""

import pytest

from api.csv_reading import decode
from strategies import Refusal

WESTERN = [
    *("Jürgen Müller", "Søren Kjær", "José Muñoz", "Hélène Lefèvre", "João Conceição", "Åsa Öberg", "Groß & Söhne"),
    *("Zoë Citroën", "François Côté", "Ramón Peña", "Ødegård", "Pärt", "Guimarães", "Simões", "Große–Straße"),
    *("O´Brien", "“Acme” Müller", "50 €, München", "Women’s Zürich", "Mª José", "Löwenbräu®", "Weiß", "L’Oréal"),
]
ASKED = {
    "mac-roman": ["Jürgen Müller", "José García", "Hélène", "Jörg Groß", "Luís", "Muñoz", "Ramón"],
    "cp850": ["Jürgen Müller", "José García", "Groß", "Straße", "Málaga", "Ärzte"],
    "cp1250": ["Łukasz", "Antonín Dvořák", "Paul Erdős", "Novotný", "Paweł", "Černý", "Kovač", "Petrović", "Kaczyński"],
    "cp1254": ["Ayşe Yılmaz", "Erdoğan"],
    "cp1251": ["Иван Петров"],
    "cp1253": ["Γιώργος"],
    "shift_jis": ["山田太郎"],
    "gb18030": ["王小明"],
}


def file(name: str) -> str:
    return f"email,first_name,company\r\nada@example.com,Ada,Acme\r\nx@example.com,{name},Acme\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode(encoding: str) -> None:
    for name in ("Jürgen", "Łukasz Wójcik", "王小明", "Ada"):
        assert decode(file(name).encode(encoding)).text == file(name)
    mark = b"\xfe\xff"
    assert decode(mark + file("Łukasz").encode("utf-16-be")).text == file("Łukasz")


@pytest.mark.parametrize("name", WESTERN)
def test_windows_1252_is_read_where_it_is_certain(name: str) -> None:
    assert decode(file(name).encode("cp1252")) == (file(name), "cp1252")


def test_a_file_of_many_western_names_is_certain() -> None:
    text = "".join(map(file, WESTERN))
    assert decode(text.encode("cp1252")) == (text, "cp1252")


@pytest.mark.parametrize(("encoding", "name"), [(encoding, name) for encoding in ASKED for name in ASKED[encoding]])
def test_what_may_be_another_encoding_is_asked(encoding: str, name: str) -> None:
    data = file(name).encode(encoding)
    with pytest.raises(Refusal) as caught:
        decode(data)
    assert caught.value.code == "CSV_ENCODING"
    assert caught.value.message.startswith("Line 3 is not UTF-8")
    assert decode(data, encoding).text == file(name)


def test_the_question_shows_the_readings() -> None:
    with pytest.raises(Refusal) as caught:
        decode(file("José").encode("mac-roman"))
    assert "'JosŽ' in cp1252, 'José' in mac-roman" in caught.value.message


@pytest.mark.parametrize(
    ("data", "encoding", "code", "part"),
    [
        (b"PK\x03\x04\x00\x00", None, "CSV_INVALID", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0\x00", None, "CSV_INVALID", "old Excel workbook"),
        (b"\xef\xbb\xbfemail\na\xff", None, "CSV_ENCODING", "line 2"),
        (b"\xff\xfee\x00m\x00\n\x00x", None, "CSV_ENCODING", "line 2"),
        ("email\nJürgen\n".encode() + b"M\xfcller", None, "CSV_ENCODING", "Line 3"),
        (b"email\rJos\x8e", None, "CSV_ENCODING", "Line 2"),
        (b"email\r\rM\xfcller", "utf-8", "CSV_ENCODING", "line 3"),
        (b"email\nM\xfcller", "utf-8", "CSV_ENCODING", "line 2"),
        (b"email", "utf-7", "CSV_ENCODING", "'utf-7' is not a known encoding"),
        (b"email", "", "CSV_ENCODING", "cp1252"),
    ],
)
def test_refused_bytes(data: bytes, encoding: str | None, code: str, part: str) -> None:
    with pytest.raises(Refusal) as caught:
        decode(data, encoding)
    assert caught.value.code == code
    assert part in caught.value.message
