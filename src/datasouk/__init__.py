"""datasouk: a marketplace for live sensor data.

The package itself holds the version and nothing else, so that importing one part of it never pays for another.
"""

__version__ = "0.1.0"
