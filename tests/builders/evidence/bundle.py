"""A bundle folder that tests write file by file, and the report on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from evidence.answer import Answer, marked
from evidence.aws import AwsFiles
from evidence.gcp import GcpFiles
from evidence.keys import private_key
from evidence.tokens import TokenFiles
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.documents.token import hypothetical
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.model.document import Origin

if TYPE_CHECKING:
    from oidc_doctor.model.evidence import TargetEvidence, Token
    from oidc_doctor.model.report import Report


class Bundle(TokenFiles, AwsFiles, GcpFiles):
    """A bundle folder in the making. The writing methods return the bundle, so calls can be chained."""

    def evidence(self) -> TargetEvidence:
        """The evidence of the only target."""
        with open_bundle(self.root) as bundle:
            (found,) = load_snapshot(bundle).targets
        return found

    def report(self, *, subject: str | None = None, error: str | None = None, **question: Any) -> Report:
        """The whole pipeline on this folder. `subject` is a hypothetical token, as --subject is; `error` as --error."""
        tokens: tuple[Token, ...] = () if subject is None else (hypothetical(subject, origin=Origin("--subject")),)
        asked = Question(**({"error_text": error, "tokens": tokens} | question))
        with open_bundle(self.root) as files:
            return run(files, asked)

    def ask(self, **question: Any) -> Answer:
        """`report`, with what tests ask of it."""
        answer = Answer(self.report(**question))
        broken = [(row.name, row.traceback) for row in answer.report.checks if row.status == "broken"]
        assert not broken, broken[0][1]
        return answer

    @staticmethod
    def marked(side: Any) -> str:
        """A side's value with the differing characters in brackets."""
        assert side is not None
        return marked(side)

    @staticmethod
    def key(name: str) -> Any:
        """A private key by name, made once a session."""
        return private_key(name)


Aim = Callable[..., Bundle]  # the fixture that changes the request to Google
