"""The unsubscribe page in a browser: unsubscribe, say why, undo; without a script, on a phone and at night."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.ui import WebDriverWait

from api.http.unsubscribing.page_routes import link_maker
from api.models import Person, Suppression, SuppressionChange
from api.settings import Settings
from tests import story
from tests.client import SECRET, new_client
from tests.live import listening

PUBLIC = "https://touchline.example"
LONG = "a-very-long-address-that-does-not-fit-on-a-phone.without-a-break@mail.example.com"
FITS = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
CONTRAST = """
const channel = value => { value /= 255; return value <= .03928 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4 };
const light = color => { const [r, g, b] = color.match(/[\\d.]+/g).map(Number);
  return .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b) };
const back = element => { for (; element; element = element.parentElement) {
  const color = getComputedStyle(element).backgroundColor;
  if (!/, 0\\)$/.test(color)) return color } return 'rgb(255, 255, 255)' };
return Math.min(...[...document.querySelectorAll('h1, p, legend, label, button, strong')].map(element => {
  const [a, b] = [light(getComputedStyle(element).color), light(back(element))].sort((x, y) => y - x);
  return (a + .05) / (b + .05) }))"""
"""The lowest contrast of a text with its background (WCAG 2.2)."""


@pytest.fixture
def database_kind() -> str:
    """The page does not depend on the database."""
    return "sqlite"


def look(browser: Chrome, *, width: int, dark: bool) -> None:
    """Check the page at this width, by day or by night."""
    phone = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    assert browser.execute_script(FITS), "no scrolling sideways"
    assert float(browser.execute_script(CONTRAST)) >= 4.5, (width, dark)
    for element in browser.find_elements(By.CSS_SELECTOR, "button, .choice"):
        assert element.size["height"] >= 44, "large enough for a finger"
    assert browser.execute_script("return getComputedStyle(document.body).margin") == "0px", "it has its style"


def press(browser: Chrome, label: str) -> None:
    """Press a button and wait for the page that follows."""
    (button,) = [each for each in browser.find_elements(By.TAG_NAME, "button") if each.text == label]
    button.click()
    WebDriverWait(browser, 20).until(expected_conditions.staleness_of(button))


def visit(browser: Chrome, address: str) -> list[str]:
    """Unsubscribe, say why, and undo it. Return the titles of the pages."""
    titles: list[str] = []

    def see() -> None:
        WebDriverWait(browser, 20).until(lambda b: b.find_elements(By.TAG_NAME, "h1"))
        titles.append(browser.find_element(By.TAG_NAME, "h1").text)
        for width in (360, 1200):
            for dark in (False, True):
                look(browser, width=width, dark=dark)

    browser.get(address)
    see()
    press(browser, "Unsubscribe")
    see()
    browser.find_element(By.CSS_SELECTOR, "input[value=TOO_MANY]").click()
    browser.find_element(By.ID, "comment").send_keys("Every day one.")
    press(browser, "Send")
    see()
    browser.get(address)
    see()
    press(browser, "Undo")
    see()
    browser.get(address + "0")
    see()
    return titles


async def test_the_pages_work_and_can_be_read(database_url: str, browser: Chrome) -> None:
    own = {"TOUCHLINE_PUBLIC_URL": PUBLIC, "TOUCHLINE_SECRET": SECRET}
    async with listening(database_url, own) as live:
        client = await new_client(live.http, datetime(2026, 3, 2, 7, 0, tzinfo=UTC))
        person = await Person.get(id=await story.person(client, LONG))
        link = str(link_maker(Settings.read(own))(person)).removeprefix(PUBLIC)
        titles = await asyncio.to_thread(visit, browser, f"http://{live.host}{link}")
        said = [entry["message"] for entry in browser.get_log("browser")]  # type: ignore[no-untyped-call]
        assert titles == [
            "Unsubscribe",
            "You are unsubscribed",
            "Thank you for your answer",
            "You are already unsubscribed",
            "You are subscribed again",
            "This link is not valid",
        ]
        assert [message for message in said if "404" not in message] == []
        assert (await Suppression.get()).unsubscribed_at is None
        change = await SuppressionChange.all().order_by("id").first()
        assert change is not None
        assert (str(change.recipient_reason), change.recipient_comment) == ("TOO_MANY", "Every day one.")
