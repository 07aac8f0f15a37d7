"""Keeps the simulated portal between two starts of the demo.

The simulator holds everything in memory and offers no way to store it, so its state is pickled from outside.
What cannot be pickled (clocks, locks, small functions) is taken from a new simulator when the state comes back.
Should the simulator have changed its shape meanwhile, the demo starts with an empty portal and says so.
"""

import io
import pickle
from types import FunctionType, MethodType

NEW = ("taken", "from", "a", "new", "simulator")


class Writer(pickle.Pickler):
    """Pickles state, and leaves markers for what a simulator brings itself."""

    def __init__(self, target, sim):
        super().__init__(target)
        self.shared = {id(value): name for name, value in shared_parts(sim).items()}

    def persistent_id(self, value):
        if id(value) in self.shared:
            return self.shared[id(value)]
        if isinstance(value, (FunctionType, MethodType)) and "<lambda>" in value.__qualname__:
            return "new"
        if type(value).__module__ == "_thread":
            return "new"
        return None


class Reader(pickle.Unpickler):
    def __init__(self, source, sim):
        super().__init__(source)
        self.shared = shared_parts(sim)

    def persistent_load(self, name):
        return NEW if name == "new" else self.shared[name]


def shared_parts(sim):
    """What every part of a simulator points to, and what therefore must stay one thing."""
    return {"clock": sim.clock, "rng": sim.rng, "switches": sim.switches}


def remember(sim, path):
    with sim.lock:
        state = {"portals": sim.portals, "main": sim.portal.id, "auth": sim.auth, "chance": sim.rng.getstate()}
        target = io.BytesIO()
        Writer(target, sim).dump(state)
    half = path.with_suffix(".new")
    half.write_bytes(target.getvalue())
    half.replace(path)


def recall(sim, path):
    """Gives a new simulator the stored state; says whether there was one that fits."""
    if not path.exists():
        return True
    try:
        state = Reader(io.BytesIO(path.read_bytes()), sim).load()
        for number, portal in state["portals"].items():
            complete(portal, sim.portals.get(number, sim.portal))
        complete(state["auth"], sim.auth)
    except Exception:  # a stored shape of an older version can fail in any way
        return False
    sim.portals, sim.auth = state["portals"], state["auth"]
    sim.portal = sim.portals[state["main"]]
    sim.rng.setstate(state["chance"])
    return True


def complete(stored, new):
    """Fills the gaps of a stored object from its counterpart in the new simulator, attribute by attribute."""
    for name, value in vars(stored).items():
        counterpart = getattr(new, name)
        if value is NEW:
            setattr(stored, name, counterpart)
        elif hasattr(value, "__dict__") and type(value) is type(counterpart) and value is not counterpart:
            complete(value, counterpart)
