"""`python -m oidc_doctor`."""

from oidc_doctor.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
