"""``python -m datasouk``: the same as the command ``datasouk``."""

import sys

from datasouk.cli import main

sys.exit(main())
