"""The inputs that once stopped the server, and their next of kin, by name."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.hostile.server import Outcome, Server, body_of
from benchmarks.hostile.sockets import half_sent, large_frames, uploads
from benchmarks.hostile.work import IMPORT, START, Workplace
from tests import story

Run = Callable[[Server, Workplace], Outcome]
SUPPRESSIONS = "mutation($csv: String!) { importSuppressions(csv: $csv) { errors { code } } }"


@dataclass(frozen=True)
class Named:
    """One hostile input."""

    name: str
    run: Run


def _chained(count: int) -> str:
    return '{{ "aaaaaaaaaa"' + ' | replace: "a", "aaaaaaaaaa"' * count + " }}"


TEMPLATES: dict[str, str] = {
    "a loop of 999 around sorted ranges of 4 million": (
        '{% if first_name != "1" %}{% for i in (1..999) %}{{ (1..4000000) | sort | size }}{% endfor %}{% endif %}'
    ),
    "nine `replace` in a chain": _chained(9),
    "`(1..100000000) | join`": "{{ (1..100000000) | join }}",
    "`for … reversed` over 100 million": "{% for i in (1..100000000) reversed %}x{% endfor %}",
    "`strip_html` of `<!--` × 40,000": '{{ "' + "<!--" * 40_000 + '" | strip_html }}',
    "190,000 spaces after `{{- a -}}`": "{{- a -}}" + " " * 190_000,
    "`{% raw %}` × 20,000": "{% raw %}" * 20_000,
    "`{{` × 10,000": "{{" * 10_000,
    "`{{` × 100,000": "{{" * 100_000,
    "`{%` × 100,000": "{%" * 100_000,
    "`{{a}}` × 40,000": "{{a}}" * 40_000,
    "`{{first_name}}` × 12,000": "{{first_name}}" * 12_000,
    '`<p>` and `" \\t"` × 99,000': "<p>" + " \t" * 99_000,
    "250 block quotes around 50,000 lines": "<blockquote>" * 250 + "x<br>" * 35_000 + "</blockquote>" * 250,
    "`<ul><li>` × 22,000": "<ul><li>" * 22_000,
    "`<div>` × 40,000": "<div>" * 40_000,
    "`<b><i>` × 30,000": "<b><i>" * 30_000,
    "`<table><tr><td>` × 13,000": "<table><tr><td>" * 13_000,
    "`<` × 200,000": "<" * 200_000,
    "`elsif` × 14,000": "{% if a %}" + "{% elsif a %}" * 14_000 + "{% endif %}",
    "loops in loops": "{% for i in (1..100) %}" * 8 + "x" + "{% endfor %}" * 8,
    "`append` that doubles 40 times": ('{% assign a = "x" %}' + "{% assign a = a | append: a %}" * 40 + "{{ a }}"),
    "`capture` that doubles 40 times": (
        "{% assign a = 'x' %}" + "{% capture a %}{{ a }}{{ a }}{% endcapture %}" * 40 + "{{ a }}"
    ),
    "4,301 digits in `<ol start>`": f"<ol start='{'9' * 4_301}'><li>x</li></ol>",
    "the date 99999999999999999": "{{ 99999999999999999 | date: '%Y' }}",
    "a date format of 50,000 characters": "{{ 'now' | date: '" + "%Y" * 25_000 + "' }}",
    "CSS of 66,000 open brackets": "<p style='color:" + "f(" * 66_000 + "'>x</p>",
    "a style sheet of 25,000 open blocks": "<style>" + "@media{a{" * 20_000 + "</style>",
    "100,000 spaces in a tag": "{% if a" + " " * 100_000 + "%}x{% endif %}",
    "`&` × 200,000": "&" * 200_000,
    "one attribute × 40,000": "<p " + "a=b " * 40_000 + ">x</p>",
}
MARKS = "e" + "\u0301" * 200_000
LEVELS = "{ emails(first: 200) { nodes { " + "enrollment { progress { email { " * 3 + "id" + " } } }" * 3 + " } } }"


def _template(html: str) -> Run:
    return lambda _, work: work.template(html)


def _ask(query: str, **variables: object) -> Run:
    return lambda server, _: server.ask(query, **variables)


def _rows(address: str, count: int) -> str:
    return "email\n" + "".join(f"{address}{number}@example.com\n" for number in range(count))


def _people_of(ids: list[str]) -> Run:
    return lambda server, work: server.ask(START, input={"campaignId": work.campaign(), "personIds": ids})


def _launch(**given: object) -> Run:
    return lambda server, work: server.ask(
        story.LAUNCH, input={"campaignId": work.campaign(), "personIds": [], **given}
    )


def _thirty_imports(server: Server, _: Workplace) -> Outcome:
    csv = "email\\n" + "a@example.com," * 30_000
    fields = " ".join(f'a{number}: importPeople(csv: "{csv}") {{ errors {{ code }} }}' for number in range(30))
    return server.send(body_of(f"mutation {{ {fields} }}"))


def _kept_documents(server: Server, _: Workplace) -> Outcome:
    worst = Outcome(0, 200)
    for number in range(20):
        told = server.send(body_of(f"#{'x' * 10_000_000}{number}\n{{ workspace {{ id }} }}"))
        worst = told if told.seconds > worst.seconds else worst
    return worst


def _poison(make: Callable[[str], list[str]]) -> Run:
    return lambda _, work: work.launched(make(work.person()))


NAMED = [
    *(Named(f"template: {name}", _template(html)) for name, html in TEMPLATES.items()),
    Named("an address of `e` and 200,000 combining marks", _ask(story.PERSON, input={"email": MARKS})),
    Named("the same as a filter", _ask("query($e: String!) { people(filter: {email: $e}) { totalCount } }", e=MARKS)),
    Named("60 rows of a CSV with such addresses", lambda _, work: work.imported(_rows("e" + "\u0301" * 90_000, 60))),
    Named("a suppression file of such addresses", _ask(SUPPRESSIONS, csv=_rows("e" + "\u0301" * 90_000, 60))),
    Named("a CSV header of 15 MB of commas", _ask(IMPORT, csv="email" + "," * 15_000_000)),
    Named("a CSV of 15 MB of quotes", _ask(IMPORT, csv="email\n" + '"' * 15_000_000)),
    Named("a CSV of 7 million rows", _ask(IMPORT, csv="email\n" + "a\n" * 7_000_000)),
    Named("a suppression file of 15 MB of commas", _ask(SUPPRESSIONS, csv="email" + "," * 15_000_000)),
    Named("an import of 100,000 people", lambda _, work: work.imported(_rows("p", 100_000))),
    Named("`perPerson` × 300,000", _launch(perPerson=[{"personId": "x", "subject": "s"}] * 300_000)),
    Named("`times` × 300,000", _launch(times=[{"step": 1, "time": "09:30"}] * 300_000)),
    Named("`personIds` × 3 million", _people_of(["x"] * 3_000_000)),
    Named("`domains` × 1 million", _ask(
        "mutation($d: [String!]!) { setBlockedDomains(domains: $d) { errors { code } } }", d=["a.b"] * 1_000_000)),
    Named("18 frames of 16 MB, deflated, before `connection_init`", lambda server, _: large_frames(server)),
    Named("lists in lists, five levels", _ask(LEVELS)),
    Named("1,000 `totalCount` of 100,000 people", _ask(
        "{ " + " ".join(f"a{number}: people(first: 1) {{ totalCount }}" for number in range(900)) + " }")),
    Named("660 × `people(first: 200)`", _ask(
        "{ " + " ".join(f"a{number}: people(first: 200) {{ nodes {{ id }} }}" for number in range(660)) + " }")),
    Named("30 × `importPeople` in one document", _thirty_imports),
    Named("20 documents of 10 MB", _kept_documents),
    Named("`{a` × 50,000 as a document", _ask("{a" * 50_000)),
    Named("2,500 requests whose headers never end", lambda server, _: half_sent(server)),
    Named("60 uploads of 14 MB that never end", lambda server, _: uploads(server)),
    Named("a launch for a NUL and a person", _poison(lambda good: ["\0", good])),
    Named("a launch for half a character and a person", _poison(lambda good: ["\ud800", good])),
    Named("a launch for 201 characters and a person", _poison(lambda good: ["x" * 201, good])),
    Named("an address whose casefold grows", _ask(story.PERSON, input={"email": "\u0390" * 118 + "@example.com"})),
    Named("a CSV row with such an address", lambda _, work: work.imported(_rows("\u0390" * 118, 1))),
    Named("the template of `(1..4000000)` on saving, as JSON of 15 MB", _ask(
        story.TEMPLATE, input={"name": "T", "html": "{{ (1..4000000) }}" * 800_000})),
]  # fmt: skip
