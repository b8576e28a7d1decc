"""The reading of real mails reaches its figures, on a corpus that is not part of the repository."""

import os
from pathlib import Path

import pytest

from tests.mail.reading.corpus import read_folder, scores

SHARED = Path(__file__).resolve().parents[4] / "shared" / "bounces"
CORPUS = Path(os.environ.get("BOUNCE_CORPUS") or SHARED)


@pytest.mark.skipif(
    not (CORPUS / "expected.csv").is_file(),
    reason=f"{CORPUS} has no expected.csv; BOUNCE_CORPUS names a folder with expected.csv and mail/",
)
def test_the_figures_of_a_corpus() -> None:
    percent = {score.name: score.percent for score in scores(read_folder(CORPUS))}
    assert percent["hard found"] >= 95
    assert percent["soft called hard"] <= 3
    assert percent["recipients right"] >= 95
    assert percent["others never bounce or reply"] == 100
