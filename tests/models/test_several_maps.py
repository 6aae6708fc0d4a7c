"""Several maps that share their phases: what is one mineral on all of them is one phase."""

import numpy as np
import pytest

from data import synthetic
from data.axes import EnergyAxis
from data.elemental_maps import ElementalMaps
from models.live_phases import live_phases
from models.map_names import distinct_map_names
from models.recipe import AutoencoderChoices, LineMapChoices, MixtureChoices, PhasesRecipe
from models.several_maps import member, pool
from models.shared_files import modal_frame
from models.shared_phases import modal_table, phases_of_part
from models.shared_run import MapOutcome, run_shared

QUICK = PhasesRecipe(autoencoder=AutoencoderChoices(max_epochs=3, steps_per_epoch=40))


@pytest.fixture(scope="module")
def rock():
    return synthetic.rock_section(3, 40, 48, counts_per_pixel=300.0)


@pytest.fixture(scope="module")
def halves(rock):
    """A rock cut in two parts of unequal size, as two measurements of it."""
    image = rock[0]
    return {"left": image.crop(slice(0, 40), slice(0, 20)), "right": image.crop(slice(4, 36), slice(20, 48))}


@pytest.fixture(scope="module")
def shared(halves):
    def broken():
        raise ValueError("gone.bcf is not a Bruker map.")

    maps = [(name, lambda image=image: image) for name, image in halves.items()]
    *reports, last = run_shared([maps[0], ("gone", broken), maps[1]], QUICK)
    return reports, last


def test_a_map_that_does_not_open_is_left_out_and_the_others_go_on(shared):
    _, last = shared
    assert last.shared.names == ("left", "right")
    assert last.outcomes == (
        MapOutcome("left"), MapOutcome("gone", "gone.bcf is not a Bruker map."), MapOutcome("right"),
    )  # fmt: skip


def test_progress_never_falls_and_names_the_files(shared):
    reports, last = shared
    fractions = [report.fraction for report in (*reports, last)]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert reports[1].message == "Opening gone, 2 of 3"


def test_one_mineral_is_one_phase_on_every_map(shared, rock):
    _, last = shared
    truth = rock[1].label
    parts = {"left": truth[:, :20], "right": truth[4:36, 20:]}
    pairs = []
    for number, name in enumerate(last.shared.names):
        label = last.shared.image_of(number, last.shown.phase_map.label)
        assert label.shape == parts[name].shape
        pairs.append(np.stack([label.ravel(), parts[name].ravel()]))
    found, true = np.concatenate(pairs, axis=1)
    # of every common mineral, the phase that covers most of it is the same on both maps
    for mineral in np.flatnonzero(np.bincount(true, minlength=3) > 150):
        dominant = {int(np.bincount(one[0][one[1] == mineral] + 1).argmax()) for one in pairs}
        assert len(dominant) == 1
    assert (found >= 0).mean() > 0.99


def test_a_map_by_itself_has_the_shared_phases(shared):
    shared_phases, shown = shared[1].shared, shared[1].shown
    for number in range(2):
        part = shared_phases.part(number)
        phases = phases_of_part(shared_phases, number, part, shown)
        expected = shared_phases.image_of(number, shown.phase_map.label)
        np.testing.assert_array_equal(phases.phase_map.label, expected)
        assert phases.ids == shown.ids
        np.testing.assert_array_equal(phases.spectra.sum(0), part.prepared.sum_spectrum())
        # moving the number of phases gives the shared map of that number
        for refined in (True, False):
            choices = {"refinement": 3} if refined else {"mixture": 3}
            recipe = PhasesRecipe(
                line_maps=part.recipe.line_maps,
                autoencoder=QUICK.autoencoder,
                mixture=MixtureChoices(n_phases=choices.get("mixture", 0)),
                refinement=type(QUICK.refinement)(enabled=refined, n_phases=choices.get("refinement", 0)),
            )
            whole = live_phases(shared_phases.result, recipe).phase_map.label
            own = live_phases(part, recipe).phase_map.label
            np.testing.assert_array_equal(own, shared_phases.image_of(number, whole))


def test_the_modal_table_adds_up(shared):
    last = shared[1]
    table = modal_table(last.shared, last.shown)
    np.testing.assert_allclose(table.percent.sum(1) + table.unassigned_percent, 100)
    assert table.n_valid.tolist() == [800, 896]
    counted = (table.percent / 100 * table.n_valid[:, None]).sum(0) / table.n_valid.sum() * 100
    np.testing.assert_allclose(table.overall_percent, counted)
    names = [f"P{label}" for label in range(last.shown.n_phases)]
    frame = modal_frame(last.shared, last.shown, names, last.outcomes)
    assert frame["map"].tolist() == ["left", "gone", "right", "all maps"]
    assert frame["note"][1].startswith("left out: gone.bcf")
    shares = frame.filter(like="(%)")
    np.testing.assert_allclose(shares.iloc[[0, 2, 3]].sum(axis=1), 100)


def test_the_result_of_one_map_alone_is_another_dataset(shared, halves):
    part = shared[1].shared.part(0)
    assert part.dataset_id != halves["left"].dataset_id
    assert part.dataset_id == part.prepared.dataset_id == shared[1].shared.dataset_id(0)


def test_lines_are_the_union_and_a_short_exposure_is_scaled(halves):
    rng = np.random.default_rng(1)
    thin = halves["right"].counts.copy()
    thin.data = rng.binomial(thin.data, 0.1).astype(thin.data.dtype)
    thin.eliminate_zeros()
    from dataclasses import replace

    short = replace(halves["right"], counts=thin, elements=("Fe",), dataset_id="short")
    long = replace(halves["left"], elements=("Si", "Ca"))
    choices = LineMapChoices()
    pooled = pool([member("long", long, choices), member("short", short, choices)], choices)
    assert pooled.choices.lines == ("Si_Ka", "Ca_Ka", "Fe_Ka")
    exposure = [pooled.dataset.exposure[place.part] for place in pooled.sheet.places]
    assert exposure[0].mean() / exposure[1].mean() == pytest.approx(10, rel=0.3)
    assert any("unequally long" in note for note in pooled.notes)


def test_spectra_and_element_maps_cannot_share_phases(halves):
    maps = ElementalMaps(np.ones((4, 5, 2), np.float32), ("Fe", "Si"), dataset_id="m")
    choices = LineMapChoices()
    with pytest.raises(ValueError, match=r"folder is a set of maps without spectra, left has spectra"):
        pool([member("left", halves["left"], choices), member("folder", maps, choices)], choices)


def test_element_maps_share_what_all_of_them_have():
    rng = np.random.default_rng(3)
    first = ElementalMaps(rng.random((4, 5, 3), np.float32), ("Fe", "Si", "Ca"), dataset_id="a")
    second = ElementalMaps(rng.random((6, 3, 2), np.float32), ("Si", "Fe"), dataset_id="b")
    third = ElementalMaps(rng.random((3, 3, 1), np.float32), ("Ti",), dataset_id="c")
    choices = LineMapChoices()
    members = [member("a", first, choices), member("b", second, choices)]
    pooled = pool(members, choices)
    assert pooled.dataset.lines == ("Fe", "Si")
    place = pooled.sheet.places[1]
    np.testing.assert_array_equal(pooled.dataset.of("Fe")[place.part], second.of("Fe"))
    assert any("intersection" in note for note in pooled.notes)
    with pytest.raises(ValueError, match=r"a has Fe, Si, Ca; b has Si, Fe; c has Ti"):
        pool([*members, member("c", third, choices)], choices)


def test_maps_without_a_common_range_are_named(halves):
    from dataclasses import replace

    far = replace(halves["right"], energy=EnergyAxis(40.0, 0.01, halves["right"].energy.n_channels))
    choices = LineMapChoices(lines=("Si_Ka",))
    with pytest.raises(ValueError, match="share no range of energies"):
        pool([member("left", halves["left"], choices), member("far", far, choices)], choices)


def test_when_no_map_opens_the_reasons_are_said():
    def broken():
        raise ValueError("Nope.bcf is empty (0 bytes).")

    with pytest.raises(ValueError, match=r"None of the 2 maps could be used. Nope.bcf is empty"):
        list(run_shared([("a", broken), ("b", broken)], QUICK))


def test_a_map_that_comes_twice_takes_part_once(halves):
    maps = [("a", lambda: halves["left"]), ("copy", lambda: halves["left"])]
    reports = run_shared(maps, QUICK, find=lambda dataset, recipe: iter(()))
    for report in reports:
        if report.stage == "pool":
            break
    assert report.outcomes[1] == MapOutcome("copy", "It holds the same data as a.")


def test_names_are_short_and_distinct():
    assert distinct_map_names(["x/a.bcf", "x/b.hspy"]) == ("a", "b")
    assert distinct_map_names(["x/a.bcf", "y/a.bcf"]) == ("x/a", "y/a")
    assert distinct_map_names(["x/a.bcf", "x/a.rpl"]) == ("x/a", "x/a (2)")
    assert distinct_map_names(["demo", "demo"]) == ("demo", "demo (2)")
