"""The bundled rulesets as a good engineer writes them by hand in Polars, one file each, for accounts without earlier
reviews and events: the same columns as `decide_frame` gives. Thresholds stand as numbers, nothing is checked."""

from benchmarks.rivals.by_hand.buy_sell import buy_sell
from benchmarks.rivals.by_hand.dedesignation import dedesignation
from benchmarks.rivals.by_hand.designation import designation

BY_HAND = {"designation": designation, "dedesignation": dedesignation, "buy_sell": buy_sell}
