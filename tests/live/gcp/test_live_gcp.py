"""Google Cloud read live: the real client libraries against Google's wire on the loopback."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest

from clouds.google import with_resources
from oidc_doctor.cli.main import main
from oidc_doctor.documents.token import parse_token
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target, TargetGcp

REJECTED = "The given credential is rejected by the attribute condition."


def names(collected: Any) -> set[str]:
    return set(collected.bundle.names())


def read(collected: Any, path: str) -> Any:
    return json.loads(collected.bundle.read(path))


def test_a_healthy_account_is_read_and_accepted(doctor: Any) -> None:
    collected = doctor.collect()
    assert not collected.warnings
    assert {one["outcome"] for one in collected.reads} == {"ok"}
    wanted = "provider pool project services service-account service-account-policy project-policy folder-policy"
    assert {f"gcp/{name}.json" for name in wanted.split()} <= names(collected)
    assert {f"gcp/logs/{name}.json" for name in ("exchanges", "impersonations", "changes")} <= names(collected)
    assert "gcp/organization-policy.json" in names(collected)
    assert "gcp/org-policies/iam.workloadIdentityPoolProviders.json" in names(collected)
    assert not names(collected) & {"gcp/providers.json", "gcp/pools.json", "gcp/logs/changes-2.json"}
    report = doctor.report(collected.bundle)
    assert [one.prediction for one in report.exchanges] == ["accepted"], report.exchanges[0].steps
    assert not report.causes


def test_a_condition_that_is_false_is_the_cause(doctor: Any, google: Any) -> None:
    google.provider["attributeCondition"] = "google.subject.startsWith('v=1:org=Other')"
    google.entries = [google.exchange(30, REJECTED)]
    report = doctor.report(doctor.collect().bundle)
    assert report.causes[0].name == "attribute-condition-false"
    assert "entry30" in report.causes[0].confirmed_by


def test_no_provider_is_looked_for_among_the_deleted(doctor: Any, google: Any) -> None:
    google.provider = None
    collected = doctor.collect()
    assert doctor.reads(collected)["gcp/provider.json"]["outcome"] == "not_found"
    assert read(collected, "gcp/providers.json")[0]["state"] == "DELETED"
    assert "gcp/pools.json" not in names(collected)
    assert doctor.report(collected.bundle).exchanges[0].prediction == "refused"


def test_no_pool_shows_the_pools_that_there_are(doctor: Any, google: Any) -> None:
    google.pool = google.provider = None
    collected = doctor.collect()
    assert read(collected, "gcp/pools.json")[0]["name"].endswith("-2")


def test_entries_are_asked_for_with_times_page_after_page(doctor: Any, google: Any) -> None:
    google.entries = [google.exchange(minute) for minute in range(7)]
    collected = doctor.collect()
    assert len(read(collected, "gcp/logs/exchanges.json")) == 7
    bodies = [body for _, path, body in google.asked if path == "/v2/entries:list"]
    assert all(body["filter"].count("timestamp") == 2 for body in bodies)
    assert all(body["orderBy"] == "timestamp desc" and len(body["resourceNames"]) == 1 for body in bodies)
    entry = doctor.reads(collected)["gcp/logs/exchanges.json"]
    assert (entry["from"], entry["to"]) == ("2026-11-21T22:40:00Z", "2026-11-22T22:40:00Z")
    assert "truncated" not in entry
    tokens = [body.get("pageToken") for body in bodies if "sts.googleapis.com" in body["filter"]]
    assert tokens == [None, "2", "2e", "4", "6"]


def test_max_pages_is_said_in_the_coverage(doctor: Any, google: Any) -> None:
    google.entries = [google.exchange(minute) for minute in range(9)]
    collected = doctor.collect(max_pages=2)
    entry = doctor.reads(collected)["gcp/logs/exchanges.json"]
    assert entry["truncated"] is True
    assert "--max-pages 2" in entry["message"]
    row = next(one for one in doctor.report(collected.bundle).coverage if one.what == "gcp/logs/exchanges.json")
    assert row.status == "partial"


def test_a_name_cannot_break_out_of_the_filter_or_the_path(doctor: Any, google: Any) -> None:
    target = Target(
        "x",
        gcp=TargetGcp(
            provider='projects/482910375566/locations/global/workloadIdentityPools/a" OR "/providers/..',
            service_account="x/../../y?a=b#c@weights-prod.iam.gserviceaccount.com",
        ),
    )
    collected = doctor.collect(target=target)
    assert {one["code"] for one in collected.reads if one["outcome"] == "failed"} == {"BadName"}
    assert not google.asked
    doctor.collect(target=Target("x", gcp=TargetGcp(provider=f"{target.gcp.provider[:68]}/providers/${{PROVIDER}}")))
    assert not google.asked


# ---------------------------------------------------------------------------------------------------- least privilege


def permission_of(method: str, path: str) -> str | None:
    from_wire = [
        name for verb, part, name in PERMISSIONS if verb == method and part in path and "/operations/" not in path
    ]
    return from_wire[0] if from_wire else None


PERMISSIONS = (
    ("GET", "/workloadIdentityPools/baseten-pool/providers/", "iam.workloadIdentityPoolProviders.get"),
    ("GET", "/workloadIdentityPools/baseten-pool/providers", "iam.workloadIdentityPoolProviders.list"),
    ("GET", "/workloadIdentityPools/", "iam.workloadIdentityPools.get"),
    ("GET", "/workloadIdentityPools", "iam.workloadIdentityPools.list"),
    ("POST", ":getIamPolicy?", "-"),
    ("GET", "/serviceAccounts/", "iam.serviceAccounts.get"),
    ("POST", "/serviceAccounts/", "iam.serviceAccounts.getIamPolicy"),
    ("GET", "/services:batchGet", "serviceusage.services.get"),
    ("GET", ":getEffectivePolicy", "orgpolicy.policy.get"),
    ("POST", "/v3/projects/", "resourcemanager.projects.getIamPolicy"),
    ("GET", "/v3/projects/", "resourcemanager.projects.get"),
    ("POST", "/v3/folders/", "resourcemanager.folders.getIamPolicy"),
    ("GET", "/v3/folders/", "resourcemanager.folders.get"),
    ("POST", "/v3/organizations/", "resourcemanager.organizations.getIamPolicy"),
    ("POST", "/v2/entries:list", "logging.logEntries.list"),
    ("GET", "/storage/v1/b/", "storage.buckets.getIamPolicy"),
    ("GET", "/repositories/", "artifactregistry.repositories.getIamPolicy"),
    ("POST", "/token", ""),  # the login
)


NOT_JUDGED = {"orgpolicy.policy.get"}


def test_no_call_needs_more_than_the_printed_role(doctor: Any, google: Any, capfd: pytest.CaptureFixture[str]) -> None:
    import yaml

    assert main(["permissions", "gcp"]) == 0
    printed = capfd.readouterr().out
    allowed = set(yaml.safe_load(printed)["includedPermissions"])
    assert allowed.isdisjoint(NOT_JUDGED), "no verdict needs it"
    assert f"# also read where it is allowed, not yet judged: {', '.join(NOT_JUDGED)}\n" in printed
    google.provider = google.pool = None  # the lists are read too
    doctor.collect(target=with_resources())
    used = set()
    for method, path, body in google.asked:
        permission = permission_of(method, path)
        assert permission is not None, (method, path)
        assert method == "GET" or path.endswith((":getIamPolicy", "/v2/entries:list", "/token"))
        private = permission.startswith("logging") and "data_access" in body["filter"]
        used.add("logging.privateLogEntries.list" if private else permission)
    assert used - {"", *NOT_JUDGED} <= allowed
    assert used >= NOT_JUDGED
    assert allowed - used <= {"iam.workloadIdentityPoolProviders.get"}, "asked for, and not needed"
    assert not any("generateAccessToken" in path or path == "/v1/token" for _, path, _ in google.asked)


def test_only_what_the_target_needs_is_read(doctor: Any, google: Any) -> None:
    doctor.collect(target=Target("x", gcp=TargetGcp(service_account="a@other-1.iam.gserviceaccount.com")), lookup=False)
    asked = {path for _, path, _ in google.asked} - {"/token"}
    assert not any("workloadIdentityPools" in path or "entries" in path for path in asked)
    assert all("other-1" in path for path in asked)


# ------------------------------------------------------------------------------------------------------------- faults

CALLS = {
    "gcp/provider.json": ("GET", "/providers/baseten-provider"),
    "gcp/pool.json": ("GET", "/workloadIdentityPools/baseten-pool"),
    "gcp/project.json": ("GET", "/v3/projects/482910375566"),
    "gcp/services.json": ("GET", "/services:batchGet"),
    "gcp/org-policies/iam.workloadIdentityPoolProviders.json": ("GET", ":getEffectivePolicy"),
    "gcp/service-account.json": ("GET", ".iam.gserviceaccount.com"),
    "gcp/service-account-policy.json": ("POST", ".iam.gserviceaccount.com:getIamPolicy"),
    "gcp/project-policy.json": ("POST", "/v3/projects/weights-prod:getIamPolicy"),
    "gcp/folder-policy.json": ("POST", "/v3/folders/11:getIamPolicy"),
    "gcp/organization-policy.json": ("POST", "/v3/organizations/99:getIamPolicy"),
    "gcp/logs/exchanges.json": ("POST", '"sts.googleapis.com"'),
    "gcp/logs/impersonations.json": ("POST", '"iamcredentials.googleapis.com"'),
    "gcp/logs/changes.json": ("POST", "cloudaudit.googleapis.com/activity"),
}
DECIDING = {"gcp/provider.json", "gcp/service-account-policy.json"}


def breaks(google: Any, path: str, answer: Any, *, once: bool = False) -> list[int]:
    """Break the call of a file; gives how often it was asked."""
    verb, part = CALLS[path]
    count = [0]

    def fault(method: str, place: str, body: Any) -> Any:
        where = body["filter"] if place == "/v2/entries:list" else place
        hit = method == verb and (part in where if path.startswith("gcp/logs/") else where.endswith(part))
        if not hit:
            return None
        count[0] += 1
        return answer if count[0] == 1 or not once else None

    google.fault = fault
    return count


def check(doctor: Any, collected: Any, path: str) -> Any:
    """There is a report, it is no false pass, and it says what was not read."""
    report = doctor.report(collected.bundle)
    (exchange,) = report.exchanges
    if path in DECIDING:
        assert exchange.prediction == "unknown"
        assert report.verdict == "unknown"
    assert any(row.what == path and row.status in ("denied", "missing") for row in report.coverage)
    assert not any(row.status == "broken" for row in report.checks)
    return next(row for row in report.coverage if row.what == path)


@pytest.mark.parametrize("path", CALLS)
def test_a_denied_call_names_the_permission(doctor: Any, google: Any, path: str) -> None:
    count = breaks(google, path, (403, {"error": {"code": 403, "message": "denied", "status": "PERMISSION_DENIED"}}))
    collected = doctor.collect()
    assert count == [1]
    entry = doctor.reads(collected)[path]
    assert entry["outcome"] == "denied"
    permission = re.search(r"allow ([a-zA-Z]+(?:\.[a-zA-Z]+)+)", entry["message"])
    assert permission
    assert permission[1].split(".")[-1] in ("get", "list", "getIamPolicy")
    assert "roles/" in entry["message"]
    row = check(doctor, collected, path)
    assert row.status == "denied"
    assert permission[1] in row.reason


MALFORMED = [(200, "<html>"), (200, "[]"), (200, "1")]


@pytest.mark.parametrize(("path", "answer"), list(zip(CALLS, itertools.cycle(MALFORMED), strict=False)))
def test_a_malformed_answer_is_no_evidence(doctor: Any, google: Any, path: str, answer: Any) -> None:
    breaks(google, path, answer)
    collected = doctor.collect()
    assert (doctor.reads(collected)[path]["outcome"], doctor.reads(collected)[path]["code"]) == ("failed", "Malformed")
    check(doctor, collected, path)


@pytest.mark.sweep
@pytest.mark.parametrize(("path", "status"), list(zip(CALLS, itertools.cycle([429, 503]), strict=False)))
def test_what_heals_is_asked_again(doctor: Any, google: Any, path: str, status: int) -> None:
    count = breaks(google, path, (status, {"error": {"code": status, "message": "later"}}), once=True)
    collected = doctor.collect()
    assert count == [2]
    assert doctor.reads(collected)[path]["outcome"] == "ok"


@pytest.mark.parametrize(
    ("answer", "outcome"), [((429, {}), "throttled"), ((500, "oops"), "failed"), ((0, None), "failed")]
)
def test_what_does_not_heal_is_given_up(doctor: Any, google: Any, answer: Any, outcome: str) -> None:
    count = breaks(google, "gcp/provider.json", answer)
    collected = doctor.collect()
    assert doctor.reads(collected)["gcp/provider.json"]["outcome"] == outcome
    assert count == [4] or (answer[0] == 0 and count[0] >= 4)
    check(doctor, collected, "gcp/provider.json")


PAGE = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><p>away</p></body></html>"


@pytest.mark.parametrize("path", ["gcp/provider.json", "gcp/service-account.json", "gcp/logs/exchanges.json"])
@pytest.mark.parametrize("status", [403, 404, 502])
def test_a_page_of_a_proxy_proves_nothing_and_is_not_poured_out(
    doctor: Any, google: Any, path: str, status: int
) -> None:
    breaks(google, path, (status, PAGE))
    collected = doctor.collect()
    entry = doctor.reads(collected)[path]
    assert entry["outcome"] == ("denied" if status == 403 else "failed")
    assert not [cause for cause in doctor.report(collected.bundle).causes if "missing" in cause.name]
    assert "<" not in entry["message"]
    check(doctor, collected, path)


@pytest.mark.parametrize("answer", [{"error": "no"}, {"error": {"message": ["a"], "details": "no"}}, ["no"]])
def test_an_error_of_another_shape_ends_no_run(doctor: Any, google: Any, answer: Any) -> None:
    breaks(google, "gcp/logs/exchanges.json", (403, answer))
    collected = doctor.collect()
    assert doctor.reads(collected)["gcp/logs/exchanges.json"]["outcome"] in ("failed", "denied")
    check(doctor, collected, "gcp/logs/exchanges.json")


@pytest.mark.parametrize("answer", [(200, "<html>"), (200, []), (403, PAGE), (0, None)])
def test_a_login_that_is_answered_strangely(doctor: Any, google: Any, answer: Any) -> None:
    google.fault = lambda _, path, __: answer if path == "/token" else None
    collected = doctor.collect()
    entry = doctor.reads(collected)["gcp/provider.json"]
    assert entry["outcome"] in ("failed", "denied")
    assert "<" not in entry["message"]
    assert sum(path == "/token" for _, path, __ in google.asked) <= 8, "one login for all readers"
    check(doctor, collected, "gcp/provider.json")


def test_a_later_page_that_fails_leaves_the_first_ones(doctor: Any, google: Any) -> None:
    google.entries = [google.exchange(minute) for minute in range(9)]
    google.fault = lambda _, path, body: (
        (403, {"error": {"code": 403, "message": "no"}})
        if path == "/v2/entries:list" and body.get("pageToken") == "4"
        else None
    )
    collected = doctor.collect()
    assert len(read(collected, "gcp/logs/exchanges.json")) == 4
    assert doctor.reads(collected)["gcp/logs/exchanges.json"]["truncated"] is True


def test_a_call_that_hangs_ends_with_the_time(doctor: Any, google: Any) -> None:
    import threading

    done = threading.Event()

    def fault(_: str, path: str, __: Any) -> Any:
        if path.endswith("/providers/baseten-provider"):
            done.wait(5)
        return None

    google.fault = fault
    collected = doctor.collect(timeout=1.0)
    done.set()
    assert doctor.reads(collected)["gcp/provider.json"]["outcome"] == "timeout"
    check(doctor, collected, "gcp/provider.json")


def test_an_api_that_is_off_is_named_with_its_project(doctor: Any, google: Any) -> None:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_DISABLED",
        "metadata": {"service": "iam.googleapis.com", "consumer": "projects/482910375566"},
    }
    body = {"error": {"code": 403, "message": "It has not been used", "status": "PERMISSION_DENIED", "details": [info]}}
    breaks(google, "gcp/provider.json", (403, body))
    entry = doctor.reads(doctor.collect())["gcp/provider.json"]
    assert "enable iam.googleapis.com in project 482910375566" in entry["message"]


@pytest.mark.parametrize("fault", [(401, {"error": {"code": 401, "message": "invalid"}}), (403, {"error": {}})])
def test_without_a_login_every_read_says_how_to_get_one(doctor: Any, google: Any, fault: Any) -> None:
    google.fault = lambda _, path, __: fault if fault[0] == 401 and path != "/token" else None
    collected = doctor.collect()
    if fault[0] == 401:
        assert all(
            "gcloud auth application-default login" in one["message"]
            for one in collected.reads
            if one["outcome"] == "denied"
        )
        assert doctor.reads(collected)["gcp/provider.json"]["outcome"] == "denied"


def test_no_credentials_at_all(doctor: Any, google: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "nothing"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    collected = doctor.collect()
    entry = doctor.reads(collected)["gcp/provider.json"]
    assert entry["outcome"] == "failed"
    assert "gcloud auth application-default login" in entry["message"]
    assert not google.asked
    check(doctor, collected, "gcp/provider.json")


def test_the_workloads_own_configuration_is_no_login(
    doctor: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Its token would be presented to Google, which is for --try alone."""
    place = tmp_path / "external.json"
    token = tmp_path / "token"
    token.write_text("canary-token")
    place.write_text(
        json.dumps(
            {
                "type": "external_account",
                "audience": "//iam.googleapis.com/projects/482910375566/locations/global/workloadIdentityPools/"
                "baseten-pool/providers/baseten-provider",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "token_url": "https://sts.googleapis.com/v1/token",
                "credential_source": {"file": str(token)},
            }
        )
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(place))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "nothing"))
    collected = doctor.collect()
    entry = doctor.reads(collected)["gcp/provider.json"]
    assert entry["outcome"] == "failed"
    assert "log in as yourself" in entry["message"]


# --------------------------------------------------------------------------------------------------------------- --try


@pytest.fixture
def token(bundle: Any) -> Any:
    compact = bundle.compact(None)
    return parse_token(compact, Origin("token.jwt")), compact


def everything(collected: Any) -> str:
    return "\n".join(collected.bundle.read(name).decode() for name in collected.bundle.names())


def test_try_takes_googles_answer_and_drops_the_tokens(doctor: Any, google: Any, token: Any) -> None:
    parsed, compact = token
    collected = doctor.collect(attempt=parsed)
    text = everything(collected) + "\n".join(doctor.narrated)
    assert "canary" not in text
    assert compact.split(".")[1] not in text
    sent = next(body for _, path, body in google.asked if path == "/v1/token")
    assert sent["subject_token"] == compact
    assert sent["audience"].startswith("//iam.googleapis.com/projects/482910375566/")
    assert [one["severity"] for one in read(collected, "gcp/logs/try.json")] == ["INFO", "INFO"]
    attempts = doctor.report(collected.bundle).attempts
    assert any(row.outcome == "accepted" and row.event_ids[0].startswith("try-") for row in attempts)


def test_try_refused_by_the_exchange(doctor: Any, google: Any, token: Any) -> None:
    google.provider["attributeCondition"] = "google.subject.startsWith('v=1:org=Other')"
    google.sts = (400, {"error": "unauthorized_client", "error_description": REJECTED})
    collected = doctor.collect(attempt=token[0])
    assert REJECTED in collected.bundle.read("error.txt").decode()
    assert not any("generateAccessToken" in path for _, path, _ in google.asked)
    report = doctor.report(collected.bundle)
    assert report.causes[0].name == "attribute-condition-false"
    assert token[1].split(".")[2] not in everything(collected)


def test_try_refused_by_the_impersonation(doctor: Any, google: Any, token: Any) -> None:
    message = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
    google.members = []
    google.impersonation = (403, {"error": {"code": 403, "message": message, "status": "PERMISSION_DENIED"}})
    collected = doctor.collect(attempt=token[0])
    assert "getAccessToken" in collected.bundle.read("error.txt").decode()
    report = doctor.report(collected.bundle)
    assert report.causes[0].name == "impersonation-binding-missing"


@pytest.mark.parametrize("answer", [(503, {"error": {"code": 503}}), (200, "<html>"), (400, "<html>")])
def test_try_without_an_answer_of_google_is_no_refusal(doctor: Any, google: Any, token: Any, answer: Any) -> None:
    google.sts = answer
    collected = doctor.collect(attempt=token[0])
    assert "error.txt" not in names(collected)
    assert doctor.reads(collected)["gcp/logs/try.json"]["outcome"] == "failed"
    assert doctor.report(collected.bundle).exchanges[0].prediction == "accepted"


# ------------------------------------------------------------------------------------------------------ command line


def test_the_whole_command_line(doctor: Any, google: Any, capfd: pytest.CaptureFixture[str]) -> None:
    google.provider["oidc"]["issuerUri"] = "https://issuer.invalid"
    google.entries = [google.exchange(20, REJECTED, "job:1")]
    provider = google.provider["name"]
    account = "baseten-oidc@weights-prod.iam.gserviceaccount.com"
    code = main(["--report", "--gcp-provider", provider, "--service-account", account, "--subject", "job:1",
                 "--at", "2026-11-22T22:40:00Z", "--format", "json"])  # fmt: skip
    out, err = capfd.readouterr()
    report = json.loads(out)
    assert code == 1
    assert report["causes"][0]["name"] == "attribute-condition-false"
    assert "; reading gcp/" in err.splitlines()[0]


def test_every_provider_of_a_project_is_tried_with_account(
    doctor: Any, google: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "482910375566")
    other = {**google.provider, "name": google.pool["name"] + "/providers/other", "attributeCondition": "1 == 2"}

    def fault(_: str, path: str, __: Any) -> Any:
        if path.endswith("/workloadIdentityPools"):
            return 200, {"workloadIdentityPools": [google.pool]}
        if path.endswith("/providers"):
            return 200, {"workloadIdentityPoolProviders": [other, google.provider]}
        return None

    google.fault = fault
    code = main(["--report", "--live", "--account", "--no-logs", "--subject", "v=1:org=Org8Kd2P:team=x",
                 "--format", "json", "-q"])  # fmt: skip
    report = json.loads(capfd.readouterr().out)
    assert [(row["prediction"], row["resource"].rpartition("/")[2]) for row in report["account"]] == [
        ("accepted", "baseten-provider"),
        ("refused", "other"),
    ]
    assert code == 0
