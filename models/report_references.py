"""Papers that the methods of a report cite, numbered in the order in which they are first named."""

from __future__ import annotations

#: key -> the reference as it stands in a list
REFERENCES: dict[str, str] = {
    "tung2023": (
        "Tung P.-Y., Sheikh H. A., Ball M., Nabiei F., Harrison R. J. (2023). SIGMA: Spectral "
        "interpretation using Gaussian mixtures and autoencoder. Geochemistry, Geophysics, Geosystems 24, "
        "e2022GC010530. doi:10.1029/2022GC010530"
    ),
    "elam2002": (
        "Elam W. T., Ravel B. D., Sieber J. R. (2002). A new atomic database for X-ray spectroscopic "
        "calculations. Radiation Physics and Chemistry 63, 121-128. doi:10.1016/S0969-806X(01)00227-4"
    ),
    "schamber1977": (
        "Schamber F. H. (1977). A modification of the linear least-squares fitting method which provides "
        "continuum suppression. In: Dzubay T. G. (ed.), X-ray Fluorescence Analysis of Environmental "
        "Samples, 241-257."
    ),
    "egerton2011": (
        "Egerton R. F. (2011). Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed. "
        "Springer. doi:10.1007/978-1-4419-9583-4"
    ),
    "keenan2004": (
        "Keenan M. R., Kotula P. G. (2004). Accounting for Poisson noise in the multivariate analysis of "
        "ToF-SIMS spectrum images. Surface and Interface Analysis 36, 203-212. doi:10.1002/sia.1657"
    ),
    "loshchilov2019": (
        "Loshchilov I., Hutter F. (2019). Decoupled weight decay regularization. International Conference "
        "on Learning Representations. arXiv:1711.05101"
    ),
    "haegele2024": (
        "Hägele A., Bakouch E., Kosson A., et al. (2024). Scaling laws and compute-optimal training "
        "beyond fixed training durations. arXiv:2405.18392"
    ),
    "kingma2014": (
        "Kingma D. P., Welling M. (2014). Auto-encoding variational Bayes. International Conference on "
        "Learning Representations. arXiv:1312.6114"
    ),
    "mcinnes2018": (
        "McInnes L., Healy J., Melville J. (2018). UMAP: Uniform manifold approximation and projection "
        "for dimension reduction. arXiv:1802.03426"
    ),
    "verbeek2006": (
        "Verbeek J. J., Nunnink J. R. J., Vlassis N. (2006). Accelerated EM-based clustering of large "
        "data sets. Data Mining and Knowledge Discovery 13, 291-307. doi:10.1007/s10618-005-0033-3"
    ),
    "hennig2010": (
        "Hennig C. (2010). Methods for merging Gaussian mixture components. Advances in Data Analysis and "
        "Classification 4, 3-34. doi:10.1007/s11634-010-0058-3"
    ),
    "schwarz1978": (
        "Schwarz G. (1978). Estimating the dimension of a model. Annals of Statistics 6, 461-464. "
        "doi:10.1214/aos/1176344136"
    ),
    "blei2006": (
        "Blei D. M., Jordan M. I. (2006). Variational inference for Dirichlet process mixtures. Bayesian "
        "Analysis 1, 121-143. doi:10.1214/06-BA104"
    ),
    "arthur2007": (
        "Arthur D., Vassilvitskii S. (2007). k-means++: The advantages of careful seeding. Proceedings of "
        "the 18th ACM-SIAM Symposium on Discrete Algorithms, 1027-1035."
    ),
    "zhang1996": (
        "Zhang T., Ramakrishnan R., Livny M. (1996). BIRCH: An efficient data clustering method for very "
        "large databases. SIGMOD Record 25, 103-114. doi:10.1145/235968.233324"
    ),
    "campello2013": (
        "Campello R. J. G. B., Moulavi D., Sander J. (2013). Density-based clustering based on "
        "hierarchical density estimates. PAKDD 2013, 160-172. doi:10.1007/978-3-642-37456-2_14"
    ),
    "richardson1972": (
        "Richardson W. H. (1972). Bayesian-based iterative method of image restoration. Journal of the "
        "Optical Society of America 62, 55-59. doi:10.1364/JOSA.62.000055"
    ),
    "lucy1974": (
        "Lucy L. B. (1974). An iterative technique for the rectification of observed distributions. "
        "Astronomical Journal 79, 745-754. doi:10.1086/111605"
    ),
    "lee1999": (
        "Lee D. D., Seung H. S. (1999). Learning the parts of objects by non-negative matrix "
        "factorization. Nature 401, 788-791. doi:10.1038/44565"
    ),
    "cliff1975": (
        "Cliff G., Lorimer G. W. (1975). The quantitative analysis of thin specimens. Journal of "
        "Microscopy 103, 203-207. doi:10.1111/j.1365-2818.1975.tb03895.x"
    ),
    "casnati1982": (
        "Casnati E., Tartari A., Baraldi C. (1982). An empirical approach to K-shell ionisation cross "
        "section by electrons. Journal of Physics B 15, 155-167. doi:10.1088/0022-3700/15/1/022"
    ),
    "hennig2007": (
        "Hennig C. (2007). Cluster-wise assessment of cluster stability. Computational Statistics and "
        "Data Analysis 52, 258-271. doi:10.1016/j.csda.2006.11.025"
    ),
    "pedregosa2011": (
        "Pedregosa F., et al. (2011). Scikit-learn: Machine learning in Python. Journal of Machine "
        "Learning Research 12, 2825-2830."
    ),
    "paszke2019": (
        "Paszke A., et al. (2019). PyTorch: An imperative style, high-performance deep learning library. "
        "Advances in Neural Information Processing Systems 32. arXiv:1912.01703"
    ),
    "harris2020": (
        "Harris C. R., et al. (2020). Array programming with NumPy. Nature 585, 357-362. "
        "doi:10.1038/s41586-020-2649-2"
    ),
    "virtanen2020": (
        "Virtanen P., et al. (2020). SciPy 1.0: Fundamental algorithms for scientific computing in "
        "Python. Nature Methods 17, 261-272. doi:10.1038/s41592-019-0686-2"
    ),
}


class Citations:
    """Numbers of the papers that a text cites; the same paper keeps its number."""

    def __init__(self) -> None:
        self._keys: list[str] = []

    def __call__(self, *keys: str) -> str:
        """Marks for the text, e.g. " [3]" or " [3, 4]"."""
        for key in keys:
            if key not in REFERENCES:
                raise KeyError(key)
            if key not in self._keys:
                self._keys.append(key)
        return f" [{', '.join(str(self._keys.index(key) + 1) for key in keys)}]"

    @property
    def listed(self) -> tuple[str, ...]:
        """The references cited so far, in the order of their numbers."""
        return tuple(REFERENCES[key] for key in self._keys)
