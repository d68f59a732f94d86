"""``python -m benchmarks NAME``: measures the product; run without a name for the list."""

import importlib
import os
import sys

_NAMES = {
    "pipeline": "photos per second of one core against face_recognition, in one run",
    "steps": "what each step of the default engine costs a photo, and the floor of each",
    "backlog": "a job of many photos end to end against a loop over face_recognition, in turns; scaling, memory",
    "accuracy": "open-set error rates from a CSV of photos, against face_recognition",
    "quality": "does a photo's quality predict that its search misses, with worse copies of real photos",
    "search": "the index against FAISS, hnswlib and USearch, in one run",
    "service": "the service under load: waiting, errors, memory, and what HTTP adds to a search",
    "pages": "processor time and bytes of every page over 40,000 cases",
    "updates": "changes of the index beside searches of another process",
    "scoring": "false alarms seen against those predicted, on people not fitted on; refits the shipped statistics",
    "scores": "what normalised and calibrated scores cost a search, at a million people",
    "scale": "machines, memory and waiting for 1e6 to 1.4e9 people, computed from measured costs and simulated",
    "ranges": "activation ranges of the 8-bit networks, as numbers",
}


def main(argv: list[str]) -> int:
    if not argv or argv[0] not in _NAMES:
        width = max(map(len, _NAMES))
        print("usage: python -m benchmarks NAME [options]\n")
        print("\n".join(f"  {name:{width}}  {what}" for name, what in _NAMES.items()))
        return 0 if not argv or argv[0] in ("-h", "--help") else 2
    # What a benchmark enrolls never comes among an operator's people.
    os.environ.pop("MATCHER_DATABASE_URL", None)
    run: int = importlib.import_module(f"benchmarks.{argv[0]}").main(argv[1:])
    return run


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
