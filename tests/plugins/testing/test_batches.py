"""The kit finds each fault of a channel that takes batches."""

import pytest

from plugins.testing import ContractBrokenError, assert_channel
from plugins.testing.channels import delivery
from tests.plugins.testing.batches import BAD, Batching, well
from tests.plugins.testing.channels import SERVICE

CONFIGS = [{"loft": "north"}]


def test_each_fault_of_batches_is_found_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "LARGE_BYTES", 2_000)
    for fault, (rules, channel, text) in BAD.items():
        with pytest.raises(ContractBrokenError) as broken:
            assert_channel(channel, CONFIGS, transmitted=SERVICE.count, secrets=["t0ken"])
        assert list(broken.value.found) == rules, (fault, broken.value.found)
        assert text in broken.value.found[rules[-1]], fault


def test_good_batches_keep_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "LARGE_BYTES", 2_000)
    before = SERVICE.count()
    assert_channel(Batching(well), CONFIGS, transmitted=SERVICE.count)
    ids = [each.send_id for each in SERVICE.emails[before:]]
    assert len(ids) == len(set(ids))
