"""What the library costs beside bare Python and its peers; run by ``make bench``,
which is ``python -m benchmark``.

"""
