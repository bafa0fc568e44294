"""Spectra in bulk from a summary table of the BOSS pipeline (spAll), some rows at a time."""

import gzip
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from astropy.io import fits

from bossnet.errors import BadFileError, MissingFileError
from bossnet.registry.finding import Refusal
from bossnet.spectra import Registration, values

ROWS = 1000  #: rows in memory at a time
BLOCK = 2880  #: FITS files are whole blocks of this many bytes
NEEDED = ("mjd", "run2d")  #: without these columns it is no such table

_TELESCOPES = {"APO": "apo25m", "LCO": "lco25m"}
_MISSING = -999  #: how the table writes a magnitude or parallax that it does not have
_REALS = {"snr": "sn_median_all", "exptime": "exptime", "xcsao_v_rad": "xcsao_rv",
          "xcsao_e_v_rad": "xcsao_erv", "xcsao_teff": "xcsao_teff", "xcsao_logg": "xcsao_logg",
          "xcsao_fe_h": "xcsao_feh", "xcsao_rxc": "xcsao_rxc"}
_SOURCE_REALS = {"g_mag": "gaia_g_mag", "bp_mag": "bp_mag", "rp_mag": "rp_mag", "plx": "parallax",
                 "ebv": "ebv"}


def read_summary(path: Path) -> Iterator[Registration | Refusal]:
    """Every row of an spAll-like table, plain or gzipped; memory does not grow with it.

    Columns are found by name in any case: MJD and RUN2D with FIELD and CATALOGID (SDSS-V) or
    PLATE and FIBERID (SDSS I-IV); PLUG_RA and PLUG_DEC or RACAT and DECCAT; SN_MEDIAN_ALL,
    SPEC_FILE, OBS and more where they are there. A row that does not say which spectrum it is
    is refused by its number, counted from 0.

    Raises:
        MissingFileError: the file cannot be opened.
        BadFileError: it holds no such table, or ends within it.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            with gzip.open(raw) if packed else raw as stream, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of astropy, about odd cards
                yield from _rows(stream, path)
    except (gzip.BadGzipFile, EOFError) as e:
        raise BadFileError(f"{path}: corrupt or truncated: {e}") from e
    except OSError as e:
        raise MissingFileError(f"{path}: cannot be read: {e.strerror or e}") from e


def _rows(stream: Any, path: Path) -> Iterator[Registration | Refusal]:
    header = _find_table(stream, path)
    width, total = int(header["NAXIS1"]), int(header["NAXIS2"])
    header["PCOUNT"] = 0
    for start in range(0, total, ROWS):
        count = min(ROWS, total - start)
        header["NAXIS2"] = count
        content = _exactly(stream, width * count, path)
        text = header.tostring().encode("latin-1")
        table = fits.BinTableHDU.fromstring(text + content + bytes(-len(content) % BLOCK)).data
        columns = _Columns(table)
        for row in range(count):
            registration = _registration(columns, row)
            yield registration or Refusal(
                f"{path} row {start + row}", "does not say which spectrum it is: neither FIELD, "
                "MJD and CATALOGID nor PLATE, MJD and FIBERID")


def _find_table(stream: BinaryIO, path: Path) -> fits.Header:
    """The header of the first table with the columns; the stream is left at its data."""
    while True:
        try:
            header = fits.Header.fromfile(stream, endcard=True)
        except (OSError, EOFError, ValueError) as e:
            raise BadFileError(f"{path}: no table with columns {', '.join(NEEDED).upper()} such as "
                               "spAll has") from e
        names = {str(header.get(f"TTYPE{i + 1}", "")).lower()
                 for i in range(int(header.get("TFIELDS", 0)))}
        if header.get("XTENSION", "").strip() == "BINTABLE" and names.issuperset(NEEDED):
            return header
        lengths = [int(header[f"NAXIS{i + 1}"]) for i in range(int(header.get("NAXIS", 0)))]
        size = abs(int(header.get("BITPIX", 8))) // 8 * (
            int(header.get("PCOUNT", 0)) + (math.prod(lengths) if lengths else 0))
        _skip(stream, -(-size // BLOCK) * BLOCK, path)


def _skip(stream: BinaryIO, size: int, path: Path) -> None:
    while size > 0:
        size -= len(_exactly(stream, min(size, 1 << 20), path))


def _exactly(stream: BinaryIO, size: int, path: Path) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise BadFileError(f"{path}: truncated: it ends within a table")
    return content


class _Columns:
    """The columns of some rows, by name in any case, as plain Python values."""

    def __init__(self, table: fits.FITS_rec) -> None:
        self._table = table
        self._names = {name.lower(): name for name in table.names}
        self._lists: dict[str, list[Any]] = {}

    def __call__(self, row: int, *names: str) -> Any:
        """The first of these columns that the table has; None without one."""
        for name in names:
            if name in self._names:
                if name not in self._lists:
                    self._lists[name] = self._table[self._names[name]].tolist()
                return self._lists[name][row]
        return None


def _registration(get: _Columns, row: int) -> Registration | None:
    field = values.integer(get(row, "field", "fieldid"))
    catalogid = values.identifier(get(row, "catalogid"))
    plate = values.identifier(get(row, "plate", "plateid"))
    fiber = values.identifier(get(row, "fiberid", "fiber"))
    mjd = values.integer(get(row, "mjd"))
    sdss5 = field is not None and catalogid is not None
    if mjd is None or not (sdss5 or (plate is not None and fiber is not None)):
        return None
    observatory = (values.text(get(row, "obs", "observatory")) or "").upper()
    columns = {
        "filetype": "specFull" if sdss5 else "spec",
        "run2d": values.text(get(row, "run2d")),
        "mjd": mjd,
        "fieldid": field if sdss5 else None,
        "catalogid": catalogid if sdss5 else None,
        "plateid": None if sdss5 else plate,
        "fiberid": None if sdss5 else fiber,
        "row": None,
        "telescope": _TELESCOPES.get(observatory, None if sdss5 else "apo25m"),
        "healpix": values.integer(get(row, "healpix")),
        "n_exp": values.integer(get(row, "nexp", "n_exp")),
        "zwarning_flags": values.integer(get(row, "zwarning")),
        "spec_file": values.text(get(row, "spec_file")),
        "path": None,
    } | {name: values.real(get(row, column)) for name, column in _REALS.items()}
    place = values.position(get(row, "plug_ra"), get(row, "plug_dec")) \
        or values.position(get(row, "racat"), get(row, "deccat")) \
        or values.position(get(row, "ra"), get(row, "dec"))
    source = place | values.known({
        "catalogid": columns["catalogid"],
        "sdss_id": values.identifier(get(row, "sdss_id")),
        "gaia_dr2_source_id": values.identifier(get(row, "gaia_id")),
    }) | values.known({name: values.real(get(row, column), missing=_MISSING)
                       for name, column in _SOURCE_REALS.items()})
    return Registration(columns, source)
