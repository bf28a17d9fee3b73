"""What differs between two runs of a program, in lines; and what fdtrace adds to a program, which is no difference."""

import dataclasses
import difflib
import re

# What ARCHITECTURE says that a traced program has more than a bare one.
ADDED_VARIABLES = re.compile(r"(FDTRACE_SESSION=fdtrace-[0-9a-f]+:[0-9a-f]+|ASAN_OPTIONS=verify_asan_link_order=0|"
                             r"LD_PRELOAD=[^ :]*/libfdtrace\.so)$")
CHANGED_VARIABLES = ((re.compile(r"^(LD_PRELOAD=)[^ :\n]*/libfdtrace\.so[ :]", re.M), r"\1"),
                     (re.compile(r"^(LD_PRELOAD=.*)[ :][^ :\n]*/libfdtrace\.so(?=[ :\n])", re.M), r"\1"),
                     (re.compile(r"^(ASAN_OPTIONS=.*):verify_asan_link_order=0$", re.M), r"\1"))
# Our library, and the memory shared with the collector.
ADDED_MAPPINGS = re.compile(r"\S{4} (\S*/libfdtrace\.so|/memfd:fdtrace-\w+ \(deleted\)|"
                            r"\(anonymous\))$")


@dataclasses.dataclass
class Comparison:
    compared: list  # of words for the table
    differences: list  # of lines


def normalised(program, where, data):
    for rule in program.rules:
        data = rule.applied(where, data)
    return data


def first_lines_that_differ(where, bare, traced):
    """At most four lines, each `WHERE: -BARE` or `WHERE: +TRACED`."""
    if b"\0" in bare + traced:
        at = next((i for i, (one, other) in enumerate(zip(bare, traced)) if one != other), min(len(bare), len(traced)))
        return [f"{where}: binary, {len(bare)} and {len(traced)} bytes, differ at byte {at}"]
    lines = [data.decode("utf-8", "backslashreplace").splitlines() for data in (bare[:200_000], traced[:200_000])]
    told = [line for line in difflib.unified_diff(*lines, lineterm="", n=0) if not line.startswith(("---", "+++", "@@"))]
    return [f"{where}: {line[:300]}" for line in told[:4]] or [f"{where}: ends of lines differ"]


def without_ours(name, bare, traced):
    """TRACED, what the probe told in a traced run, without what is fdtrace's."""
    if name.endswith(".environment"):
        for pattern, plain in CHANGED_VARIABLES:
            traced = pattern.sub(plain, traced)
        added = ADDED_VARIABLES
    elif name.endswith(".maps"):
        added = ADDED_MAPPINGS
    else:
        return traced
    there = set(bare.splitlines())
    return "".join(f"{line}\n" for line in traced.splitlines() if line in there or not added.match(line))


def compare_seen(program, bare, traced):
    for name in sorted(bare.keys() | traced.keys()):
        if name not in bare or name not in traced:
            yield f"seen/{name}: only {'traced' if name in traced else 'bare'}"
            continue
        plain = without_ours(name, bare[name], traced[name])
        pair = [normalised(program, f"seen/{name}", text.encode()) for text in (bare[name], plain)]
        if pair[0] != pair[1]:
            yield from first_lines_that_differ(f"seen/{name}", *pair)


def compare_trees(program, bare, traced):
    unread = [re.compile(unread.names) for unread in program.unread]
    for name in sorted(bare.keys() | traced.keys()):
        where = f"files/{name}"
        if name not in bare or name not in traced:
            yield f"{where}: only {'traced' if name in traced else 'bare'}"
            continue
        one, other = bare[name], traced[name]
        for field in ("kind", "mode", "owner", "links"):
            if getattr(one, field) != getattr(other, field):
                yield f"{where}: {field} {getattr(one, field)} bare, {getattr(other, field)} traced"
        if one.content == other.content or any(pattern.fullmatch(name) for pattern in unread):
            continue
        pair = [normalised(program, where, entry.content) for entry in (one, other)]
        if pair[0] != pair[1]:
            yield from first_lines_that_differ(where, *pair)


def renamed(program, tree):
    """The tree by names as the rules for `names` leave them."""
    return {normalised(program, "names", name.encode()).decode(): entry for name, entry in tree.items()}


def compare(program, bare, traced):
    told = []
    if bare.status != traced.status:
        told.append(f"status: {bare.status} bare, {traced.status} traced")
    for where, one, other in (("out", bare.out, traced.out), ("err", bare.err, traced.err)):
        pair = [normalised(program, where, data) for data in (one, other)]
        if pair[0] != pair[1]:
            told += first_lines_that_differ(where, *pair)
    told += compare_seen(program, bare.seen, traced.seen)
    bare_tree, traced_tree = renamed(program, bare.tree), renamed(program, traced.tree)
    told += compare_trees(program, bare_tree, traced_tree)
    compared = [f"status {bare.status}", f"output ({len(bare.out) + len(bare.err)} bytes)"]
    if bare.tree:
        compared.append(f"files ({len(bare_tree)})")
    if bare.seen:
        compared.append(f"probe ({', '.join(sorted({name.rsplit('.', 1)[0] for name in bare.seen}))})")
    return Comparison(compared, told)
