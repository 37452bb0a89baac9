"""`python3 -m lb.cli` is `lbctl` where no entry point is installed: in the image, and while it is built."""

import sys

from lb.cli.main import main

sys.exit(main())
