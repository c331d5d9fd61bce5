"""Colours of every plot, told apart under the common kinds of colour blindness.

Hues follow Okabe and Ito (2008): lines and text darkened, areas lightened. One meaning keeps one
colour in all plots.
"""

INK = "#222A35"
MUTED = "#667080"
FAINT = "#D9DEE5"
PAPER = "#FFFFFF"
INPUT_SHADE = "#E6EAF0"

OPEN = "#00795C"
CLOSED = "#C25100"
DUAL = "#7A5BA8"

ACCESS = {"api": "#F0BC6E", "hosted": "#86C5E8", "selfhost": "#5DB89D"}
LEVELS = {"flagship": "#222A35", "gpt4o": "#C25100", "gpt4": "#0072B2", "gpt35": "#00795C"}

SERIES = (
    "#4D9BC9",
    "#F0B94D",
    "#4DB894",
    "#DB9FC1",
    "#A3D3EE",
    "#E28E4D",
    "#CFC34D",
    "#B09AD5",
)
OTHER = "#D3D8DF"


def dark(colour: str) -> str:
    """Return a fill's colour mixed with ink until text in it reads well on paper."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(INK[1:]), strict=True)
    return "#" + "".join(f"{round(0.4 * fill + 0.6 * ink):02X}" for fill, ink in pairs)
