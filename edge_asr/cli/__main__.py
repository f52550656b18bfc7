"""`python -m edge_asr.cli` is `edge-asr`."""

import sys

from edge_asr.cli.main import main

sys.exit(main())
