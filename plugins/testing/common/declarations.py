"""Check what an option or a channel declares: its key, its texts, and the schema of its configuration."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from plugins.loading.declaration_checks import UnusableError
from plugins.loading.extension_points import Contract, ExtensionPoint
from plugins.loading.hook_results import check
from plugins.testing.common.findings import Findings, Rule
from plugins.testing.schemas.configurations import MISSPELT, accepts, fault_in
from plugins.testing.schemas.strict_schemas import fault_of_schema

Configs = Sequence[Mapping[str, Any]]


def name_of(thing: object) -> str:
    """Return the name of an option or a channel in messages."""
    return thing.__name__ if isinstance(thing, type) else type(thing).__name__


def load_one(point: ExtensionPoint[Contract], thing: object, findings: Findings) -> Contract:
    """Return the object as the server loads it. Raises ContractBrokenError if the server would leave it out."""
    try:
        return check(point, thing)
    except UnusableError as error:
        change = "The server leaves the whole package out. Correct this declaration first."
        findings.add(Rule.DECLARATIONS, " ".join(dict.fromkeys((str(error), *_faults(point, thing)))), change)
        findings.raise_any()
        raise AssertionError from error


def _faults(point: ExtensionPoint[Any], thing: object) -> Iterator[str]:
    """Yield the faults of all declarations. The server stops at the first one."""
    if not isinstance(thing, point.contract):
        return
    owner = f"{name_of(thing)} ({getattr(thing, 'key', None)!r})"
    for name, check_one in point.checks.items():
        try:
            check_one(owner, name, getattr(thing, name, None))
        except Exception as error:
            if isinstance(error, UnusableError):
                yield str(error)


def check_languages(texts: Mapping[str, Mapping[str, Any]], findings: Findings) -> None:
    """Check that all texts have the same languages. ``texts`` are by their names, then by language code."""
    every = {language for by_language in texts.values() for language in by_language}
    for name, by_language in texts.items():
        if missing := sorted(every - by_language.keys()):
            findings.add(
                Rule.LANGUAGES,
                f"{name} has no text in {', '.join(missing)}, and other texts have",
                "Write every text in each of your languages, or users see two languages at once.",
            )
        if blank := [language for language, text in by_language.items() if text == "" or str(text).isspace()]:
            findings.add(Rule.LANGUAGES, f"{name} is blank in {', '.join(blank)}", "Write a text.")


def check_schema(schema: Mapping[str, Any], findings: Findings) -> None:
    """Check that Ajv compiles the schema in strict mode, and that it refuses misspelt properties."""
    if schema.get("type") != "object":
        findings.add(Rule.SCHEMA, 'config_schema has no "type": "object"', "Add it: a configuration is an object.")
    elif fault := fault_of_schema(schema):
        findings.add(Rule.SCHEMA, f"config_schema: {fault}", "Frontends that use Ajv in strict mode refuse it.")
    for name, part in schema.get("properties", {}).items():
        if isinstance(part, Mapping) and not part.get("description"):
            findings.add(
                Rule.SCHEMA,
                f"the property {name!r} of config_schema has no description",
                "Describe it with its unit: forms and refusals show the description.",
            )


def check_configs(schema: Mapping[str, Any], configs: Configs | None, findings: Findings) -> Configs:
    """Return the examples of good configurations. Raises ContractBrokenError if none of them can be used."""
    found = [{}] if configs is None else list(configs)
    if not found:
        findings.add(Rule.CONFIG, "configs is empty", "Pass at least one configuration that users would choose.")
    for config in found:
        if not accepts(schema, config):
            fault = f"config_schema refuses {config!r:.100}: {fault_in(schema, config)}"
            change = (
                "Pass good configurations, such as configs=[{…}]."
                if configs is None
                else "Correct the schema, or configs."
            )
            findings.add(Rule.CONFIG, fault, change)
            findings.raise_any()
    for config in found[:1]:
        if accepts(schema, {**config, MISSPELT: 1}):
            findings.add(
                Rule.CONFIG,
                "config_schema accepts properties that it does not name",
                'Add "additionalProperties": False, so that a misspelt property is refused.',
            )
    findings.raise_any() if not found else None
    return found
