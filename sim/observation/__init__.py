"""Observation: one file a subject, with what it watches in the stream, its tables, its words and its metrics.

Subjects see the world through a read-only view (`sim.observation.world`) and steer nothing; the recorder
conducts them. The catalogue of all tables and metrics is read off the subjects (`sim.observation.catalogue`).
"""
