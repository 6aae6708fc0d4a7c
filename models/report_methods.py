"""The methods paragraph of a report: what this run did, in the past tense, with the papers it rests on."""

from __future__ import annotations

import platform
from importlib import metadata

from data.length_units import length
from data.spectrum_image import SpectrumImage
from models import phase_edits
from models.k_factors import KFactors
from models.principal_components import FittedComponents
from models.quantification import Quantification
from models.recipe import PhasesRecipe
from models.report_content import ReportContent
from models.report_references import Citations
from models.trained_autoencoder import TrainedAutoencoder

#: what is named with its version, where the run used it
_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "rosettasciio", "xraydb", "numba")
_STEPS = {
    "neighbour_mean": "the mean over 3 x 3 neighbouring pixels",
    "zscore": "a z-score per map",
    "softmax": "a softmax per pixel",
}
_COVARIANCES = {"full": "full", "tied": "one shared", "diag": "diagonal", "spherical": "spherical"}


def methods(content: ReportContent) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Paragraphs in the past tense, plain text with marks such as [2], and the references that they cite."""
    cite = Citations()
    paragraphs = (
        " ".join([_data(content), *_preparation(content, cite)]),
        " ".join(_latent(content, cite)),
        " ".join([*_phases(content, cite), *_edits(content)]),
        " ".join(_endmembers(content, cite)),
        " ".join(_stability(content, cite)),
        " ".join(_composition(content, cite)),
        _software(content, cite),
    )
    return tuple(paragraph for paragraph in paragraphs if paragraph), cite.listed


def _data(content: ReportContent) -> str:
    prepared = content.result.prepared
    n_y, n_x = prepared.shape
    size = "" if prepared.pixel_size_um is None else f" of {length(prepared.pixel_size_um)}"
    parts = [f"{n_x} x {n_y} pixels{size}"]
    if isinstance(prepared, SpectrumImage):
        energy = prepared.energy
        what = "X-ray spectrum image" if energy.kind == "xray" else "electron energy-loss spectrum image"
        if energy.calibrated:
            width = f"{1e3 * energy.scale_kev:.3g} eV"
            low, high = (end * energy.per_kev for end in (energy.low_kev, energy.high_kev))
            span = f"{low:.4g} to {high:.4g} {energy.unit}"
            parts.append(f"{energy.n_channels} channels of {width} from {span}")
        else:
            parts.append(f"{energy.n_channels} channels")
        mean = float(prepared.counts_per_pixel().mean())
        parts.append(
            f"{mean:,.3g} counts per pixel on average" if mean < 1e3 else f"{mean:,.0f} counts per pixel"
        )
    else:
        what = "set of element maps" if prepared.axis is None else "image of several bands"
        parts.append(
            f"{len(prepared.lines)} maps" if prepared.axis is None else f"{len(prepared.lines)} bands"
        )
    beam = "" if prepared.beam_kev is None else f", measured at {prepared.beam_kev:g} kV"
    return f"The {what} {content.source} ({', '.join(parts)}{beam}) was analysed."


def _preparation(content: ReportContent, cite: Citations) -> list[str]:
    choices, result = content.recipe.line_maps, content.result
    said = []
    if choices.energy_offset_kev is not None or choices.energy_scale_kev is not None:
        axis = result.prepared.energy
        said.append(
            f"The energy scale was corrected to {1e3 * axis.scale_kev:.6g} eV per channel, by lines of "
            "known energy."
        )
    if choices.crop:
        y0, y1, x0, x1 = choices.crop
        said.append(f"Rows {y0} to {y1 - 1} and columns {x0} to {x1 - 1} were used.")
    if choices.rebin > 1:
        said.append(f"{choices.rebin} x {choices.rebin} pixels were summed into one.")
    maps = result.maps
    if not result.has_spectra:
        if maps.axis is not None and maps.axis.unit:
            first, last = maps.axis.centre[0], maps.axis.centre[-1]
            said.append(f"{len(maps.lines)} bands from {first:.4g} to {last:.4g} {maps.axis.unit} were used.")
        else:
            said.append(f"The maps used were {', '.join(maps.lines)}.")
        return said + _denoised(content, cite)
    if result.prepared.energy.kind == "loss":
        said.append(
            f"Intensities of {', '.join(maps.lines)} were mapped net of a power law that was fitted to the "
            f"losses before each edge{cite('egerton2011')}."
            if choices.background != "none"
            else f"Intensities of {', '.join(maps.lines)} were mapped without subtraction of a background."
        )
        return said + _denoised(content, cite)
    if result.prepared.energy.calibrated and choices.low_energy_kev > 0:
        said.append(f"Channels below {choices.low_energy_kev:g} keV were left out.")
    how = "as the counts in a window of 1.2 times the detector's resolution"
    if choices.background == "windows":
        how += ", net of the background interpolated from windows clear of all lines of the sample"
    elif choices.background == "fit":
        how = "by a linear least-squares fit of line families on a free background" + cite("schamber1977")
    said.append(
        f"Intensities of the lines {', '.join(maps.lines)} were mapped {how}; line energies were taken from "
        f"Elam et al.{cite('elam2002')}."
    )
    return said + _denoised(content, cite)


def _denoised(content: ReportContent, cite: Citations) -> list[str]:
    kept = content.recipe.line_maps.pca_components
    if not kept:
        return []
    return [
        f"Of the line maps, scaled to equal noise of counting, {kept} principal components were kept"
        f"{cite('keenan2004')}."
    ]


def _latent(content: ReportContent, cite: Citations) -> list[str]:
    recipe, trained = content.recipe, content.result.trained
    chain = recipe.line_maps.normalisation
    steps = ", ".join(_STEPS[step] for step in chain)
    said = [
        f"Intensities were normalised by {steps}{cite('tung2023')}."
        if chain
        else "Intensities were not scaled."
    ]
    network = recipe.autoencoder
    if isinstance(trained, TrainedAutoencoder):
        layers = "-".join(str(size) for size in (trained.n_inputs, *network.hidden, network.n_latent))
        kind = "variational autoencoder" if recipe.latent.method == "variational" else "autoencoder"
        paper = cite("tung2023", "kingma2014") if kind.startswith("var") else cite("tung2023")
        article = "a" if kind.startswith("var") else "an"
        said.append(
            f"They were placed in a latent space of {network.n_latent} dimensions by {article} {kind} "
            f"(layers {layers} and their mirror{paper}), trained with AdamW{cite('loshchilov2019')} on "
            f"batches of {network.batch_size} pixels for {len(trained.reports)} epochs of "
            f"{network.steps_per_epoch} batches from a learning rate of {network.learning_rate:g} that fell "
            f"linearly to zero at the end{cite('haegele2024')}; the weights of the least validation loss "
            f"({trained.best.validation_loss:.3g} on {network.validation_fraction:.0%} of the pixels) were "
            f"kept (seed {network.seed})."
        )
    elif isinstance(trained, FittedComponents):
        said.append(f"They were placed on their first {network.n_latent} principal components.")
    elif trained is not None:
        latent = recipe.latent
        said.append(
            f"They were placed in a latent space of {network.n_latent} dimensions by "
            f"UMAP{cite('mcinnes2018')} with {latent.n_neighbours} neighbours and a least distance of "
            f"{latent.least_distance:g} (seed {network.seed})."
        )
    return said


def _phases(content: ReportContent, cite: Citations) -> list[str]:
    recipe, shown = content.recipe, content.shown
    asked = recipe.refinement.n_phases if shown.refined else recipe.mixture.n_phases
    if shown.refined:
        said = [
            "Phases were found from the likelihood of all counts: pixels were clustered by a mixture of "
            "multinomials with a neighbour prior; cluster spectra that no mixture of the others explained, "
            "on counts held out at random, were taken as pure spectra; and the shares of these in every "
            f"pixel were found by maximum Poisson likelihood{cite('richardson1972', 'lucy1974')} with a "
            f"prior for smooth and sparse shares (seed {recipe.refinement.seed}). A pixel was assigned "
            "to the spectrum with the largest share of its counts."
        ]
    else:
        said = [_clusters(recipe, cite, content.result.grid.features is not None)]
    if asked:
        said.append(f"The number of phases, {asked}, was set by hand.")
    elif shown.why:
        why = shown.why.removeprefix("Latent space: ").rstrip(".")
        said.append(f"The number of phases was found automatically ({why}).")
    if recipe.probability_threshold > 0:
        said.append(
            f"Pixels whose phase was less probable than {recipe.probability_threshold:g} were left "
            "unassigned."
        )
    return said


def _clusters(recipe: PhasesRecipe, cite: Citations, by_scatter: bool) -> str:
    choices = recipe.mixture
    binned = (
        f"The latent points were binned, and clustered with the weights of the bins{cite('verbeek2006')}, by "
    )
    seed = f" (seed {choices.seed})."
    if choices.method == "bayesian":
        return binned + f"a variational Bayesian mixture of Gaussians{cite('blei2006')}{seed}"
    if choices.method == "kmeans":
        return binned + f"k-means{cite('arthur2007')}{seed}"
    if choices.method == "birch":
        return (
            binned
            + f"BIRCH{cite('zhang1996')} with a radius of {choices.birch_radius:g} standard deviations."
        )
    if choices.method == "hdbscan":
        share = f"{choices.least_share:.2g}"
        return binned + f"HDBSCAN{cite('campello2013')} with clusters of at least {share} of all pixels."
    shape = f"{_COVARIANCES[choices.covariance]} covariance"
    if choices.n_gaussians == 0:
        by_bic = cite("schwarz1978") if choices.number_by == "bic" else ""
        criterion = f"; their number by the Bayesian information criterion{by_bic}" if by_bic else ""
        return binned + f"a mixture of Gaussians of {shape}{criterion}{seed}"
    alike = "their spectra were alike"
    if by_scatter:
        alike = "their intensities were no further apart than single pixels scatter"
    return binned + (
        f"a mixture of {choices.n_gaussians} Gaussians of {shape}, which were merged while they overlapped "
        f"or {alike}{cite('hennig2010')}{seed}"
    )


def _edits(content: ReportContent) -> list[str]:
    edits = [
        edit
        for edit in phase_edits.parse_all(content.recipe.edits)
        if not isinstance(edit, phase_edits.Name | phase_edits.Colour)
    ]
    if not edits:
        return []
    listed = "; ".join(edit.text for edit in edits)
    return [f"The phases were then edited by hand ({listed})."]


def _endmembers(content: ReportContent, cite: Citations) -> list[str]:
    unmixing, choices = content.unmixing, content.recipe.unmixing
    if unmixing is None:
        return []
    said = []
    if choices.method == "nmf" or choices.n_components:
        parts = "channels" if content.result.has_spectra else "maps"
        weighted = (
            " weighted for the noise of counting" + cite("keenan2004") if choices.weighting == "noise" else ""
        )
        said.append(
            f"The summed spectra of the phases were factorised into {len(unmixing.endmembers)} end-members "
            f"by non-negative matrix factorisation{cite('lee1999')}, {parts}{weighted or ' unweighted'} "
            f"(seed {choices.seed})."
        )
    else:
        why = unmixing.why.removeprefix("End-members: ").rstrip(".")
        said.append(f"End-members were chosen by the data ({why[0].lower()}{why[1:]}).")
    said.append("Their abundances were found pixel by pixel, none below zero.")
    return said


def _stability(content: ReportContent, cite: Citations) -> list[str]:
    if content.stability is None:
        return []
    choices = content.recipe.stability
    return [
        f"Phases were sought again {content.stability.n_runs} times with other seeds on "
        f"{choices.kept_counts:.0%} of the counts, drawn at random{cite('hennig2007')}."
    ]


def _composition(content: ReportContent, cite: Citations) -> list[str]:
    found = content.composition
    if not isinstance(found, Quantification):
        return []
    factors: KFactors = found.factors
    own = f"; those of {', '.join(sorted(factors.given))} were measured on standards" if factors.given else ""
    matrix = (
        "corrected for stopping, backscattering and absorption in a thick flat sample"
        if factors.bulk
        else "without a correction for absorption, as for a thin foil"
    )
    oxygen = (
        "oxygen was taken by stoichiometry"
        if content.recipe.quantification.oxygen == "stoichiometry"
        else "oxygen was measured by its own line where it was mapped"
    )
    window = "behind a polymer window" if factors.detector.window_polymer_nm else "without a window"
    beam = f"{factors.detector.beam_kev:g} kV" + (" (assumed)" if factors.assumed_beam else "")
    return [
        "Compositions of the phases were calculated from net intensities of their summed spectra by the "
        f"method of Cliff and Lorimer{cite('cliff1975')}, {matrix}. The k-factors, relative to "
        f"{factors.reference}, were computed for a beam of {beam} and a silicon drift detector {window} from "
        f"ionisation cross-sections of Casnati et al.{cite('casnati1982')} and fluorescence yields and line "
        f"weights of Elam et al.{cite('elam2002')}{own}; {oxygen}. The errors given are of counting alone."
    ]


def _software(content: ReportContent, cite: Citations) -> str:
    versions = []
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:  # as in an installation without the vendor readers
            continue
    marks = cite("harris2020", "virtanen2020", "pedregosa2011", "paszke2019")
    return (
        f"Lodestone {content.version} was used under Python {platform.python_version()} with "
        f"{', '.join(versions)}{marks}. The recipe below repeats the analysis."
    )
