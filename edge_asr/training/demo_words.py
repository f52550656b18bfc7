"""What the demo's synthetic speakers say."""

from __future__ import annotations

from edge_asr.bundle.manifest import UNKNOWN
from edge_asr.data.voices.word_set import SpokenLabel, WordSet

COMMANDS = ("computer", "music", "lights", "kitchen", "window", "stop")

# fmt: off
OTHERS = (
    "please", "turn", "door", "then", "house", "water", "seven", "hello", "open", "goal", "gone", "note", "lift",
    "garden", "commuter", "pewter", "using", "lice", "nice", "right", "chicken", "kitten", "widow", "winter", "wind",
    "step", "top", "star", "wait", "morning", "glass", "nothing", "listen", "musical", "later", "lines", "live",
    "picture", "switch", "volume", "table", "stock",
)
# fmt: on
"""Some are close to the commands: without them, anything like a command would do."""

CARRIERS = (
    "{}",
    "{}",
    "{}, please",
    "please {} now",
    "and then {}, thank you",
    "the {} is on",
    "turn {}",
    "now {} at the door",
    "we all {} again",
    "they said {} twice",
    "so {} with us",
)

# fmt: off
SPEAKERS = (
    "f1", "f2", "f3", "f5", "m1", "m2", "m4", "m5", "m6", "m7", "m8", "Alex", "Alicia", "Andrea", "Annie", "adam",
    "anika", "aunty", "belinda", "benjamin", "boris", "caleb", "david", "ed", "edward", "edward2", "Gene", "Gene2",
    "grandma", "grandpa", "gustave", "Henrique", "Hugo", "ian", "iven", "iven2", "Jacky", "john", "Lee", "linda",
    "marcelo", "Mario", "max", "Michael", "michel", "miguel", "Mike", "mike2", "pablo", "paul", "quincy", "Reed",
    "rob", "robert",
)
# fmt: on

WORDS = WordSet(
    labels=(*(SpokenLabel(word, (word,), takes=6) for word in COMMANDS), SpokenLabel(UNKNOWN, OTHERS, takes=24)),
    speakers=SPEAKERS,
    accents=("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp"),
    carriers=CARRIERS,
)

DIALOGUE = (
    ("en-gb+f4", "Computer, turn on the lights in the kitchen."),
    ("en-us+m3", "Open the window and play some music. Stop!"),
)
"""Voice and text; neither voice is among `SPEAKERS`."""
