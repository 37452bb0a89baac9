"""How long the demonstration takes where everything that it is made of is there already."""

import subprocess
import sys
import time


def test_demo(figures):
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "lb.cli.demo"], check=True, stdout=subprocess.DEVNULL, timeout=300)
    figures["demo.warm_s"] = time.monotonic() - began
