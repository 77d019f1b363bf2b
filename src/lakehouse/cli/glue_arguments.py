"""Arguments as Glue passes them: each a name and a text, Glue's own among them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence

from typer.core import TyperArgument, TyperOption

from lakehouse.errors import ConfigError

Parameter = TyperArgument | TyperOption

_BOOKMARK, _OFF = "job-bookmark-option", "job-bookmark-disable"
_YES, _NO = {"", "true", "1", "yes"}, {"false", "0", "no"}
_TAKES_OPTIONS = {"conf", "python-modules-installer-option"}
"""Their values are options of another program, and so may begin with hyphens."""
# What Glue takes for itself, and hands to the script all the same.
_OF_GLUE = frozenset(
    re.findall(
        r"\S+",
        """
    additional-python-modules class conf continuous-log-conversionpattern continuous-log-loggroup
    continuous-log-logstreamprefix customer-driver-env-vars customer-executor-env-vars datalake-formats disable-proxy-v2
    enable-auto-scaling enable-continuous-cloudwatch-log enable-continuous-log-filter enable-data-lineage
    enable-glue-datacatalog enable-job-insights enable-lakeformation-fine-grained-access enable-metrics
    enable-observability-metrics enable-rename-algorithm-v2 enable-s3-parquet-optimized-committer enable-spark-ui
    encryption-type executor-cores extra-files extra-jars extra-py-files job-bookmark-from job-bookmark-option
    job-bookmark-to job-id job-language job-mode job-name job-run-id python-modules-installer-option python-virtual-env
    redshifttempdir scriptlocation security-configuration spark-event-logs-path tempdir true use-postgres-driver
    user-jars-first write-shuffle-files-to-s3 write-shuffle-spills-to-s3
    """,
    )
)


def from_glue(words: Sequence[str], parameters: Sequence[Parameter]) -> list[str]:
    """Give a verb's arguments as they are typed.

    A name may be written with hyphens or underscores. A table is ``--table``, several with commas; a flag is ``true``
    or ``false``; an option that may be given several times has its values in one text, as Glue's own ``--conf`` has:
    ``a.toml --config b.toml``.

    Raises:
        ConfigError: A name is unknown, which ``getResolvedOptions`` would not say; a value is missing or no flag's; or
            job bookmarks are on.
    """
    known, found, unknown = _known(parameters), [], []
    for name, value in _pairs(words):
        if name == _BOOKMARK and value not in ("", _OFF):
            raise ConfigError(
                f"--{_BOOKMARK} is {value}: bookmarks say what Glue's own readers have read, and this job reads tables "
                f"and Kafka, whose state is in the snapshots that it writes. Set it to {_OFF}"
            )
        if name in known:
            found.append(_typed(name, value, known[name]))
        elif name not in _OF_GLUE:
            unknown.append(name)
    if unknown:
        raise ConfigError(_explain(unknown, known))
    # Arguments without a name stand first, whatever order Glue has put them in.
    return [word for part in sorted(found, key=_has_a_name) for word in part]


def _has_a_name(part: Sequence[str]) -> bool:
    return any(word.startswith("--") for word in part[:1])


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("--"):
            raise ConfigError(
                f"{word!r} stands alone: Glue's parameters are --name and a value. A table is --table {word}"
            )
        text, equals, value = word.partition("=")
        name = text.removeprefix("--").replace("_", "-").lower()
        if not equals and left and (name in _TAKES_OPTIONS or not left[0].startswith("--")):
            value = left.pop(0)
        yield name, value


def _known(parameters: Sequence[Parameter]) -> Mapping[str, Parameter]:
    found: dict[str, Parameter] = {}
    for one in parameters:
        if isinstance(one, TyperArgument):
            singular = str(one.name).removesuffix("s")
            found |= {singular: one, f"{singular}s": one}
        else:
            found |= {name.removeprefix("--"): one for name in one.opts if name.startswith("--") and name != "--help"}
    return found


def _typed(name: str, value: str, parameter: Parameter) -> list[str]:
    option = f"--{name}"
    if isinstance(parameter, TyperOption) and parameter.is_flag:
        if value.lower() not in _YES | _NO:
            raise ConfigError(f"{option} is {value!r}: it is either true or false")
        return [option] if value.lower() in _YES else []
    if not value:
        raise ConfigError(f"{option} has no value")
    if isinstance(parameter, TyperArgument):
        return [part.strip() for part in value.split(",")] if parameter.nargs == -1 else [value]
    values = value.split(f" {option} ") if parameter.multiple else [value]
    return [word for one in values for word in (option, one.strip())]


def _explain(unknown: Sequence[str], known: Mapping[str, Parameter]) -> str:
    lines = []
    for name in unknown:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        hint = f"did you mean --{near[0]}?" if near else f"there is {', '.join(f'--{one}' for one in sorted(known))}"
        lines.append(f"  - --{name}: {hint}")
    return "\n".join(["this job has parameters that it does not know:", *lines])
