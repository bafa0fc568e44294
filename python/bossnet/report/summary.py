"""The top of the page: in a sentence whether the release is sound, and why not; how it was made."""

from dataclasses import dataclass, field
from typing import Any

from bossnet.flags import BAD, FAILED, FLAGS
from bossnet.report.counts import UNKNOWN, Counts
from bossnet.report.elements import Section, Table
from bossnet.report.quantities import count, plural
from bossnet.report.scope import Scope

OUTAGE, ENOUGH = 0.5, 200  #: part and number of spectra that speak of one (contract, section 8)
FEW = 0.02  #: failures that a survey always has
MANY_UNLIKE = 0.2  #: of the spectra with one flag that speaks of the network rather than of a star
_OUTWARD = next(f.mask for f in FLAGS if f.name == "flag_missing_file")
_INWARD = sum(f.mask for f in FLAGS if f.name in ("flag_bad_file", "flag_no_data"))
_UNLIKE = [f for f in FLAGS if f.name in ("flag_out_of_distribution", "flag_noise_bias")]


@dataclass(slots=True)
class Verdict:
    """Whether a release is sound.

    Attributes:
        against: reasons why it is not.
        care: what to know before it is used.
    """

    against: list[str] = field(default_factory=list)
    care: list[str] = field(default_factory=list)

    @property
    def word(self) -> str:
        return "not sound" if self.against else "sound, with care" if self.care else "sound"

    @property
    def sentence(self) -> str:
        why = "; ".join([*self.against, *self.care])
        return f"These results are {self.word}: {why}." if why else (
            "These results are sound: nearly every spectrum has its parameters, and every run of "
            "them is complete.")


def judge(counts: Counts) -> Verdict:
    """What speaks against a release: failures, outages, runs that are not complete, weights."""
    verdict = Verdict()
    failed, rows = counts.failed, counts.rows
    if not rows:
        verdict.against.append("there are no rows")
    for table in counts.tables:
        own = counts.number(table=table)
        outward = sum(n for (of, flags), n in counts.of.items() if of == table
                      and flags & FAILED and (flags & _OUTWARD or not flags & _INWARD))
        if own >= ENOUGH and outward > OUTAGE * own:
            verdict.against.append(f"{count(outward)} of {count(own)} spectra of {table} failed "
                                   "for an outward reason, as in an outage")
    if failed > OUTAGE * rows:
        verdict.against.append(f"{count(failed)} of {count(rows)} spectra failed")
    elif failed > FEW * rows:
        verdict.care.append(f"{count(failed)} of {count(rows)} spectra failed ("
                            f"{100 * failed / rows:.1f} %)")
    _of_runs(counts, verdict)
    for flag in _UNLIKE:
        number = counts.number(flag.mask)
        if number > MANY_UNLIKE * max(rows - failed, 1):
            verdict.care.append(f"{count(number)} of {count(rows - failed)} spectra have "
                                f"{flag.name} ({flag.meaning})")
    return verdict


def _of_runs(counts: Counts, verdict: Verdict) -> None:
    for run in counts.runs:
        if run["state"] != "done" and not _made_good(run, counts):
            said = f" ({run['error_message']})" if run["error_message"] else ""
            left = (run["n_selected"] or 0) - run["n_done"]
            verdict.against.append(f"run {run['pk']} is {run['state']}{said}, with "
                                   f"{plural(left, 'spectrum', 'spectra')} left")
    made = [run for run in counts.runs if run["n_rows"]]
    demonstration = {str(r["weights"]) for r in made if r["weights_status"] == "demonstration"}
    if demonstration:
        verdict.care.append(f"the weights {', '.join(sorted(demonstration))} are a demonstration, "
                            "not for science")
    if len({r["weights_sha256"] for r in made}) > 1:
        verdict.against.append("they were made with different weights")
    if any(r["n_draws"] == 0 and r["uncertainty_method"] is None for r in made):
        verdict.care.append("there are rows without uncertainties (a run without draws)")


def _made_good(run: dict[str, Any], counts: Counts) -> bool:
    """Whether a later run went through the same selection to its end."""
    return any(later["pk"] > run["pk"] and later["state"] == "done"
                   and later["selection"] == run["selection"] for later in counts.runs)


def section(scope: Scope, counts: Counts) -> Section:
    """The summary."""
    rows, failed = counts.rows, counts.failed
    verdict = judge(counts)
    share = [("spectra", rows), ("failed (no parameters)", failed),
             ("flag_bad, but not failed", counts.bad),
             ("flag_warn, but not bad", counts.warned),
             ("neither", rows - failed - counts.bad - counts.warned)]
    tables = [Table("Rows", ("", "number", "%"), [
        (name, count(n), _percent(n, rows)) for name, n in share])]
    if len(counts.tables) > 1:
        tables.append(Table("Rows by spectrum table", ("table", "spectra", "failed", "flag_bad"), [
            (table, count(counts.number(table=table)), _of(counts, FAILED, table),
             _of(counts, BAD, table)) for table in counts.tables]))
    tables.append(Table("Runs of this version and tag" if scope.choice.run is None else "The run",
                        ("run", "state", "started", "rows now", "weights", "status", "draws",
                         "uncertainties", "precision", "version", "selection"), [
        (str(r["pk"]), r["state"], r["started"][:16], count(r["n_rows"]), r["weights"] or "-",
         r["weights_status"] or "-", str(r["n_draws"]), r["uncertainty_method"] or "-",
         r["precision"] or "-", r["software_version"] or "-", r["selection"] or "all")
        for r in counts.runs]))
    paragraphs = [] if UNKNOWN not in counts.tables else [
        f"{counts.number(table=UNKNOWN)} rows are of spectra that are in no spectrum table."]
    return Section("summary", "Summary", paragraphs, tables=tables, numbers={
        "verdict": verdict.word, "sentence": verdict.sentence, "against": verdict.against,
        "care": verdict.care, "rows": rows, "failed": failed, "bad": counts.bad,
        "warned": counts.warned,
        "tables": {t: counts.number(table=t) for t in counts.tables}, "runs": counts.runs})


def _percent(number: int, of: int) -> str:
    return f"{100 * number / of:.2f}" if of else "-"


def _of(counts: Counts, mask: int, table: str) -> str:
    number = counts.number(mask, table)
    return f"{count(number)} ({_percent(number, counts.number(table=table))} %)"
