"""The unsubscribe page in a browser: its policy lets its own style and its own form through."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from api.http.unsubscribe_page import link_maker
from api.models import Person, Suppression
from api.settings import Settings
from tests import story
from tests.client import SECRET, new_client
from tests.live import listening

PUBLIC = "https://touchline.example"


@pytest.fixture
def database_kind() -> str:
    """The page does not depend on the database."""
    return "sqlite"


def press(browser: Chrome, address: str) -> tuple[str, str, list[str]]:
    """Open the page, press its button, and return its style, what it says then, and what the browser refused."""
    browser.get(address)
    style = str(browser.execute_script("return getComputedStyle(document.body).fontFamily"))
    browser.find_element(By.TAG_NAME, "button").click()
    waiting = WebDriverWait(browser, 20, ignored_exceptions=[StaleElementReferenceException])
    waiting.until(lambda b: "no more emails." in b.find_element(By.TAG_NAME, "body").text)
    text = browser.find_element(By.TAG_NAME, "body").text
    said = [entry["message"] for entry in browser.get_log("browser")]  # type: ignore[no-untyped-call]
    return style, text, [message for message in said if "Refused" in message or "Content Security" in message]


async def test_the_button_of_the_page_unsubscribes(database_url: str, browser: Chrome) -> None:
    own = {"TOUCHLINE_PUBLIC_URL": PUBLIC, "TOUCHLINE_SECRET": SECRET}
    async with listening(database_url, own) as live:
        client = await new_client(live.http, datetime(2026, 3, 2, 7, 0, tzinfo=UTC))
        person = await Person.get(id=await story.person(client, "ada@example.com"))
        link = str(link_maker(Settings.read(own))(person)).removeprefix(PUBLIC)
        style, text, refused = await asyncio.to_thread(press, browser, f"http://{live.host}{link}")
        assert style == "sans-serif"
        assert text == "ada@example.com will receive no more emails."
        assert refused == []
        assert await Suppression.filter(workspace_id=person.workspace_id).count() == 1
