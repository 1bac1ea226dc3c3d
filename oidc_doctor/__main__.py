"""`python -m oidc_doctor`.

Python puts the working folder first on the path of imports; from here on it is not there.
"""

import os
import sys

_INSTALLED_IN = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # itself the folder in an unpacked checkout
if __name__ == "__main__" and __spec__ is not None and not sys.flags.safe_path and sys.path[0] != _INSTALLED_IN:
    del sys.path[0]

from oidc_doctor.cli.main import main  # noqa: E402 - nothing is imported before

if __name__ == "__main__":
    raise SystemExit(main())
