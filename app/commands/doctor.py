"""`nomoat doctor`: is this machine and installation fit to run?"""

from app.shell import guarded


@guarded
def doctor() -> int:
    """Check the installation and the machine.

    Names the fix for whatever is wrong.
    """
    from app.checks import report

    return report()
