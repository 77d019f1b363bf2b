"""Proof by chaos: a stream is killed again and again, and each record is in bronze once.

``python -m benchmarks chaos`` runs it.

``lake`` is the package that the streams are given, ``beeps`` and ``producer`` write numbered records, ``place`` starts
real processes, ``moments`` and ``killer`` end them, ``check`` counts, ``campaign`` does it all many times.
"""
