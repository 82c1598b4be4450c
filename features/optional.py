"""Packages that only some verbs need."""

from importlib import import_module

from boxfold.features.errors import InputError


def require_package(title: str, extra: str) -> None:
    """Check that an optional package is there, before anything else is done.

    Parameters
    ----------
    title : str
        How the package calls itself; its module is the same in small letters.
    extra : str
        Extra of boxfold that installs it.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        import_module(title.lower())
    except ImportError:
        raise InputError(
            f"{title} is not installed (in boxfold's folder: "
            f"pip install -c constraints.txt -e '.[{extra}]')"
        ) from None
