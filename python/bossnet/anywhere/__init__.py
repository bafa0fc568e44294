"""A spectrum from anywhere: parameters without a database.

    file, table, arrays, specutils -> Raw -> Spectrum -> Observation -> (task) -> Prediction

`reading` tells what a file is; `texts`, `tables` and `images` give what is in it as `raw.Raw`;
`building` makes of that, and of its units, the package's own `Spectrum`; `predicting` is the rest.
"""
