"""Evidence bundles for tests: files as the clouds' tools print them, tokens that are really signed, the whole run.

`Bundle` writes a bundle folder and asks for its report; `Answer` is that report with the assertions that tests share.
"""

from evidence.answer import Answer
from evidence.bundle import Aim, Bundle
from evidence.keys import base64url, private_key

__all__ = ["Aim", "Answer", "Bundle", "base64url", "private_key"]
