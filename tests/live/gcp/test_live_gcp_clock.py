"""Google's clock and this machine's differ: the window of the logs is of the times that entries have."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import pytest

from clouds.google import ACCOUNT, PROVIDER
from oidc_doctor.live.collect import Pacer, collect
from oidc_doctor.live.gcp import readers as gcp
from oidc_doctor.model.evidence import Target, TargetGcp

DAY = 86_400


@pytest.mark.parametrize("ahead", [DAY, -DAY, 0])
@pytest.mark.usefixtures("doctor")
def test_the_window_of_the_logs_is_of_google_s_clock(ahead: float, others_clock: Callable[[float], None]) -> None:
    others_clock(ahead)
    target = Target("weights", gcp=TargetGcp(provider=PROVIDER, service_account=ACCOUNT))
    scope = gcp.GcpScope(target, since=time.time() - 7200, back=7200)
    collected = collect(gcp.readers(gcp.GcpClients(PROVIDER, pacer=Pacer(0.0)), scope), timeout=30.0)
    logs = [read for read in collected.reads if read["path"].startswith("gcp/logs/") and "to" in read]
    assert logs
    for read in logs:
        assert abs(datetime.fromisoformat(read["to"]).timestamp() - time.time() - ahead) < 60
