"""Lists of what can be set and of the scenarios that come with the program."""

from dataclasses import asdict

from app.shell import OK, InputError
from app.terminal import add, console, plain_table, print_json
from sim.loading import ParameterInfo, catalogue, presets


def list_parameters(pattern: str, *, as_json: bool) -> int:
    """Print the parameters whose path or description contains `pattern`, in any case."""
    found = [info for info in catalogue() if fits(info, pattern)]
    if not found:
        raise InputError(f"no parameter contains '{pattern}'; `nomoat params` lists all")
    if as_json:
        print_json([asdict(info) for info in found])
    else:
        print_parameters(found)
    return OK


def fits(info: ParameterInfo, pattern: str) -> bool:
    """Return whether the pattern occurs in the parameter's path or description."""
    return pattern.lower() in f"{info.path}\n{info.description}".lower()


def print_parameters(found: list[ParameterInfo]) -> None:
    """Print two lines a parameter: its facts, then what it means and where it is from."""
    out = console()
    for info in found:
        out.print(f"{info.path}  ", style="bold", end="")
        out.print(info.facts)
        plausible = "; plausible {:g} to {:g}".format(*info.plausible) if info.plausible else ""
        out.print(f"    {info.description} [{info.source}]{plausible}", style="dim")


def list_scenarios(*, as_json: bool) -> int:
    """Print the presets with one line each."""
    known = presets()
    if as_json:
        print_json(known)
        return OK
    table = plain_table("scenario", "what it is")
    for name, summary in known.items():
        add(table, name, summary)
    console().print(table)
    return OK
