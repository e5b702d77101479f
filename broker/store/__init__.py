"""Rows. The only package with SQL.

Owns every table, every query and the unit of work. Does not own meaning: rows become domain objects in `mapping`, and
only services and the pipeline decide what is written. Login-path statements are SQLAlchemy Core; configuration uses the
same tables. The tenant is the first, required parameter of every query on tenant data.
"""
