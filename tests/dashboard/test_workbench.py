"""A link says what is on the table, and says it again to a colleague."""

from dashboard.workbench import Workbench


def test_a_link_restores_dataset_signal_and_every_choice_that_is_not_the_default():
    mine = Workbench()
    mine.phases.param.update(entry_id="folder/P45.bcf", dataset_index=1)
    mine.phases.change("line_maps", lines=("Fe_Ka", "Si_Ka"), rebin=2, normalisation=("zscore",))
    mine.phases.change("refinement", n_phases=6)
    mine.phases.change(None, probability_threshold=0.25)
    link = mine.snapshot()
    assert link["data"] == "folder/P45.bcf"
    assert link["refinement.n_phases"] == "6"
    assert "autoencoder.seed" not in link
    theirs = Workbench()
    assert theirs.restore(link) == []
    assert theirs.phases.recipe == mine.phases.recipe
    assert (theirs.phases.entry_id, theirs.phases.dataset_index) == ("folder/P45.bcf", 1)


def test_what_cannot_be_used_is_left_out_and_named():
    bench = Workbench()
    problems = bench.restore(
        {"data": "demo", "signal": "x", "mixture.n_phases": "seven", "mixture.covariance": "diag", "foo": "1"}
    )
    assert bench.phases.recipe.mixture.covariance == "diag"
    assert bench.phases.recipe.mixture.n_phases == 0
    assert len(problems) == 3
    assert any("mixture.n_phases" in problem and "seven" in problem for problem in problems)
    assert any("without foo: there is no choice of that name" in problem for problem in problems)


def test_a_part_of_a_link_that_nobody_knows_is_one_short_sentence():
    problems = Workbench().restore({"dataset": "nonsense", "x" * 5000: "1"})
    assert problems[0] == (
        "The link was taken without dataset: there is no choice of that name. Is data meant?"
    )
    assert max(map(len, problems)) < 200
